import pytest
from sqlalchemy import text

from bentos.contract.register import Action
from control_plane.audit.service import Change, record
from control_plane.audit.verifier import Anchor, verify
from control_plane.db import Database
from control_plane.migrations.upgrade import upgrade
from control_plane.principal import system

EVENTS = 7


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "signalbox.db"
    upgrade(path)
    database = Database(path)
    with database.write() as session:
        for number in range(EVENTS):
            change = Change(
                action=Action.KILL_SET,
                entity=f"kill:{number}",
                after={"weight": number / 10, "name": "é"},
                reason="x",
            )
            record(session, system("test"), change)
    yield database
    database.dispose()


def tamper(database, *statements):
    with database.writer.begin() as connection:
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS register_event_no_{verb}"))
        for statement in statements:
            connection.execute(text(statement))


def verified(database, anchor=None):
    with database.read() as session:
        return verify(session, anchor)


def test_an_untouched_register_verifies(database):
    result = verified(database)
    assert (result.ok, result.size, result.first_bad) == (True, EVENTS, None)


def test_an_empty_register_verifies(tmp_path):
    path = tmp_path / "signalbox.db"
    upgrade(path)
    database = Database(path)
    assert verified(database).ok
    database.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "actor_id = 'mallory'",
        "reason = NULL",
        "outcome = 'denied'",
        "diff = '{}'",
        "at = '2026-01-01T00:00:00.000000Z'",
        "approvals = '[\"eve\"]'",
        "after = NULL",
        "leaf = 'ff'",
        "root = 'ff'",
        "action = 'nothing:known'",
    ],
)
def test_an_altered_row_is_found(database, change):
    tamper(database, f"UPDATE register_event SET {change} WHERE seq = 4")
    result = verified(database)
    assert (result.ok, result.first_bad) == (False, 4)
    assert result.problem


def test_a_dropped_row_is_found(database):
    tamper(database, "DELETE FROM register_event WHERE seq = 3")
    assert verified(database).first_bad == 3


def test_a_dropped_row_with_renumbered_followers_is_found(database):
    tamper(
        database,
        "DELETE FROM register_event WHERE seq = 3",
        "UPDATE register_event SET seq = seq - 1 WHERE seq > 3",
        f"UPDATE register_head SET size = {EVENTS - 1}",
    )
    assert verified(database).first_bad == 3


def test_a_cut_tail_is_found(database):
    tamper(database, f"DELETE FROM register_event WHERE seq = {EVENTS}")
    assert verified(database).first_bad == EVENTS
    tamper(database, f"UPDATE register_head SET size = {EVENTS - 1}")
    assert not verified(database).ok


def test_swapped_rows_are_found(database):
    tamper(
        database,
        "UPDATE register_event SET seq = 100 WHERE seq = 2",
        "UPDATE register_event SET seq = 2 WHERE seq = 5",
        "UPDATE register_event SET seq = 5 WHERE seq = 100",
    )
    assert verified(database).first_bad == 2


def test_the_database_itself_refuses_to_change_an_event(database):
    for statement in ("UPDATE register_event SET reason = 'y'", "DELETE FROM register_event"):
        with (
            pytest.raises(Exception, match="append-only"),
            database.writer.begin() as connection,
        ):
            connection.execute(text(statement))
    assert verified(database).ok


def test_a_register_cut_back_to_an_earlier_state_misses_its_anchor(database, tmp_path):
    """All of it consistent: only what was kept elsewhere can tell."""
    whole = verified(database)
    anchor = Anchor(whole.size, whole.root)
    assert verified(database, anchor).ok
    assert not verified(database, Anchor(whole.size - 1, whole.root)).ok

    path = tmp_path / "other.db"
    upgrade(path)
    other = Database(path)
    for number in range(EVENTS + 1):
        with other.write() as session:
            change = Change(action=Action.KILL_SET, entity=f"kill:other-{number}")
            record(session, system("test"), change)
        result = verified(other)
        assert result.ok
        assert not verified(other, anchor).ok
    other.dispose()
