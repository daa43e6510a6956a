"""The promises of db.py, kept on both engines."""

import threading

import pytest
from sqlalchemy.exc import IntegrityError

from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.models import HeadRow, SegmentRow
from control_plane.audit.service import Change, record
from control_plane.audit.verifier import verify
from control_plane.db import Database
from control_plane.errors import UnavailableError
from control_plane.people.models import KeyRow, PersonRow
from control_plane.principal import system
from control_plane.releases.models import KillRow

WRITERS = 4
EACH = 10


@pytest.fixture
def address(any_databases):
    return any_databases.migrated()


@pytest.fixture
def database(address):
    database = Database(address)
    yield database
    database.dispose()


def append(database, name="x"):
    with database.write() as session:
        record(session, system("test"), Change(action=Action.KILL_SET, entity=f"kill:{name}"))


def size(database):
    with database.read() as session:
        head = session.get(HeadRow, 1)
        return head.size if head else 0


def test_what_was_not_finished_is_undone(database):
    def fail():
        with database.write() as session:
            record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:x"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert size(database) == 0


def test_a_read_sees_one_snapshot(database):
    append(database)
    with database.read() as session:
        assert session.get(HeadRow, 1).size == 1
        append(database)
        session.expire_all()
        assert session.get(HeadRow, 1).size == 1
    assert size(database) == 2


def test_a_write_sees_what_was_committed_while_it_waited(address, database):
    """The rule of "read, then decide" holds over several processes' connections."""
    others = [Database(address) for _ in range(WRITERS)]

    def work(own):
        for _ in range(EACH):
            append(own)

    threads = [threading.Thread(target=work, args=(each,)) for each in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        result = verify(session)
    assert (result.ok, result.size) == (True, WRITERS * EACH)
    for each in others:
        each.dispose()


def test_the_version_changes_with_every_commit_of_anybody(address, database):
    other = Database(address)
    before = database.data_version()
    append(other)
    seen = database.data_version()
    assert seen != before
    assert database.data_version() == seen
    with other.write() as session:
        session.get(HeadRow, 1)
    assert database.data_version() == seen
    append(database)
    assert database.data_version() != seen
    other.dispose()


def test_a_duplicate_and_an_orphan_are_integrity_errors(database):
    def add(*rows):
        with database.write() as session:
            session.add_all(rows)

    ada = {"id": "ada", "name": "Ada", "roles": [], "created_at": clock.now()}
    add(PersonRow(**ada))
    with pytest.raises(IntegrityError):
        add(PersonRow(**ada))
    orphan = KillRow(id="k", model="none", version="none", reason="x", set_at="x", set_by="x")
    with pytest.raises(IntegrityError):
        add(orphan)
    with database.read() as session:
        assert session.get(PersonRow, "ada").name == "Ada"
        assert session.get(KeyRow, "k") is None


def test_numbers_beyond_32_bits_are_kept(database):
    with database.write() as session:
        last = 2**53 - 1
        session.add(
            SegmentRow(
                gateway="g", boot="b", first_seq=2**40, last_seq=last, count=1, root="r", at="x"
            )
        )
    with database.read() as session:
        assert session.get(SegmentRow, ("g", "b", 2**40)).last_seq == last


def test_who_waits_too_long_for_the_lock_is_told_to_come_back(address, database, monkeypatch):
    monkeypatch.setattr("control_plane.storage.sqlite.BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr("control_plane.storage.postgresql.LOCK_TIMEOUT_MS", 100)
    other = Database(address)
    with database.write() as session:
        record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:x"))
        with pytest.raises(UnavailableError) as caught:
            append(other)
        assert caught.value.status == 503
        assert caught.value.retry_after_s == 1
    append(other)
    assert size(database) == 2
    other.dispose()
