"""Steps of a pass, over a real database."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.documents import DocumentName, Revision
from bentos.contract.manifest import Manifest
from control_plane.audit.verifier import verify
from control_plane.callers.service import CallerOrder, create_caller
from control_plane.db import Database
from control_plane.principal import system
from control_plane.publish import archive
from control_plane.publish.fleets import take_report
from control_plane.publish.models import InstallationRow
from control_plane.publish.service import Reconciler
from control_plane.publish.signing import Signer
from control_plane.registry.service import register_version
from control_plane.releases.models import KillRow
from load_tests.installation.model import MODEL
from load_tests.installation.tiny_bento import VERSIONS, manifest


@pytest.fixture
def database(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        session.add(InstallationRow(id=1, epoch=1, shop="s", environment="test", created_at="2026"))
    yield database
    database.dispose()


def reconciler(database):
    return Reconciler(database, Signer(Ed25519PrivateKey.generate()))


def add_caller(database, name):
    order = CallerOrder(
        name=name, shop="s", models=["*"], scopes=["infer"], rate=None, expires_at=None
    )
    with database.write() as session:
        create_caller(session, system("test"), order)


def headers(database):
    with database.read() as session:
        return archive.current_headers(session)


def test_the_first_pass_publishes_all_and_the_next_nothing(database):
    one = reconciler(database)
    for step in one.steps:
        step()
    first = headers(database)
    assert set(first) == set(DocumentName)
    assert one.in_force.headers == first
    for step in one.steps:
        step()
    assert headers(database) == first


def test_a_process_that_starts_anew_finds_what_is_in_force(database):
    reconciler(database).publish_all()
    before = headers(database)
    again = reconciler(database)
    again.publish_all()
    assert headers(database) == before
    assert again.in_force.headers == before


def test_what_another_process_published_is_followed_and_not_published_again(database):
    one, other = reconciler(database), reconciler(database)
    one.publish_all()
    other.publish_all()
    for number in range(3):
        add_caller(database, f"caller {number}")
        (one, other)[number % 2].publish_all()
        (other, one)[number % 2].publish_all()
    last = headers(database)
    assert one.in_force.headers == other.in_force.headers == last
    assert last[DocumentName.KEYS].revision == Revision(1, len(DocumentName) + 3)


def test_after_a_restored_backup_everything_is_said_again_in_the_new_epoch(database):
    reconciler(database).publish_all()
    before = headers(database)
    with database.write() as session:
        archive.installation(session).epoch += 1
    again = reconciler(database)
    again.publish_all()
    after = headers(database)
    assert {h.revision.epoch for h in after.values()} == {2}
    assert sorted(h.revision.number for h in after.values()) == [1, 2, 3, 4, 5]
    assert {n: h.digest for n, h in after.items()} == {n: h.digest for n, h in before.items()}
    again.publish_all()
    assert headers(database) == after


# --- kills, published by the transaction that sets them -----------------------------------
def running(database):
    """A reconciler that published a version with a worker."""
    tester = system("test")
    worker = {"addresses": ["unix:/v"], "ready": True, "restarts": 0, "pids": []}
    with database.write() as session:
        for version in VERSIONS:
            record = msgspec.convert(manifest(version, "b" * 64), Manifest)
            register_version(session, tester, record)
        take_report(session, tester, "f", {VERSIONS[0]: worker})
    one = reconciler(database)
    one.publish_all()
    return one


def kill_of(version=VERSIONS[0], kill_id="k1"):
    return KillRow(
        id=kill_id, model=MODEL, version=version, reason="r", set_at="2026", set_by="test"
    )


def events_verify(database):
    with database.read() as session:
        return verify(session).ok


def test_a_kill_and_its_document_are_committed_together_or_not_at_all(database):
    one = running(database)
    before = headers(database)

    def set_kill(*, fails):
        with database.write() as session:
            session.add(kill_of())
            published = one.publish_kills_along(session)
            if fails:
                raise ArithmeticError
            return published

    with pytest.raises(ArithmeticError):
        set_kill(fails=True)
    assert headers(database) == before == one.in_force.headers
    [(header, _, body)] = set_kill(fails=False)
    assert headers(database) == before | {DocumentName.KILL: header}
    assert header.revision.number == max(h.revision.number for h in before.values()) + 1
    assert body.models[MODEL].version == VERSIONS[0]
    # Whoever looks next finds it in force, with nothing left to publish.
    for each in (one, reconciler(database)):
        for step in each.steps:
            step()
        assert each.in_force.headers == headers(database) == before | {DocumentName.KILL: header}
    assert events_verify(database)


def test_a_kill_that_cannot_be_published_is_set_all_the_same_and_left_to_the_next_pass(
    database, monkeypatch
):
    one = running(database)
    before = headers(database)

    def broken(*_):
        raise ArithmeticError("after the archive's rows")

    with monkeypatch.context() as patch, database.write() as session:
        patch.setattr("control_plane.publish.service._record", broken)
        session.add(kill_of())
        assert one.publish_kills_along(session) == []
    # Nothing of the attempt stayed.
    assert headers(database) == before
    with database.read() as session:
        assert session.get(KillRow, "k1") is not None
    one.publish_kills()
    assert one.in_force.body(DocumentName.KILL).models[MODEL].id == "k1"
    assert events_verify(database)


def test_a_kill_to_a_version_that_does_not_run_is_published_by_nobody(database):
    one = running(database)
    before = headers(database)
    with database.write() as session:
        session.add(kill_of(VERSIONS[1]))
        assert one.publish_kills_along(session) == []
    one.publish_kills()
    assert headers(database) == before


def test_what_is_known_is_never_taken_back_whoever_comes_late(database):
    one = running(database)
    with database.write() as session:
        session.add(kill_of())
        [first] = one.publish_kills_along(session)
    with database.write() as session:
        session.get(KillRow, "k1").cleared_at = "2026"
        session.add(kill_of(kill_id="k2"))
        session.flush()
        [second] = one.publish_kills_along(session)
    for document in (second, first):
        one.in_force.take(*document)
    assert one.in_force.headers[DocumentName.KILL] == second[0]
    assert one.in_force.revision == second[0].revision
    assert one.in_force.body(DocumentName.KILL).models[MODEL].id == "k2"
