import msgspec
import pytest
from sqlalchemy import text

from bentos.contract.manifest import Manifest
from control_plane.db import Database
from control_plane.principal import system
from control_plane.registry.integrity import why_tampered
from control_plane.registry.service import get_version, register_version


@pytest.fixture
def database(databases, manifest):
    database = Database(databases.migrated())
    with database.write() as session:
        register_version(session, system("test"), msgspec.convert(manifest("fraud"), Manifest))
        rejected = manifest("fraud", 2, state="rejected", rejection="loses")
        register_version(session, system("test"), msgspec.convert(rejected, Manifest))
    yield database
    database.dispose()


def judged(database, number):
    with database.read() as session:
        row = get_version(session, f"fraud:20261122-{number:08x}")
        return why_tampered(session, row)


def test_what_was_registered_is_sound(database):
    assert judged(database, 1) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("bento_digest = 'x'", "differs from its manifest"),
        ("manifest = '{}'", "not the one that was registered"),
        ("manifest_digest = 'x'", "not the one that was registered"),
    ],
)
def test_a_version_changed_in_the_database_is_found(database, change, reason):
    with database.write() as session:
        session.execute(text(f"UPDATE version SET {change}"))
    assert reason in judged(database, 1)


def test_a_manifest_exchanged_with_its_digest_is_found_by_the_register(database, manifest):
    other = msgspec.convert(manifest("fraud", 1, seed=2), Manifest)
    with database.write() as session:
        row = get_version(session, other.version)
        row.manifest, row.manifest_digest = msgspec.to_builtins(other), other.digest()
        session.add(row)
    assert "the register knows" in judged(database, 1)


def test_a_rejected_version_is_not_registered_by_an_update(database):
    with database.write() as session:
        session.execute(text("UPDATE version SET state = 'registered'"))
    assert "the register knows" in judged(database, 2)
