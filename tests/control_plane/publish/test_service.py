"""Steps of a pass, over a real database."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bentos.contract.documents import DocumentName, Revision
from control_plane.callers.service import CallerOrder, create_caller
from control_plane.db import Database
from control_plane.principal import system
from control_plane.publish import archive
from control_plane.publish.models import InstallationRow
from control_plane.publish.service import Reconciler
from control_plane.publish.signing import Signer


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
