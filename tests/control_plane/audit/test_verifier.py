import json
import random

import msgspec
import pytest
from sqlalchemy import insert, text

from bentos.contract import register
from bentos.contract.register import Action, RegisterEvent
from control_plane.audit import verifier
from control_plane.audit.event_row import columns_of, read_events
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.audit.tree import grow, read_head
from control_plane.audit.verifier import Anchor, verify
from control_plane.db import Database
from control_plane.principal import system
from tests.databases import allow_changes

EVENTS = 7


@pytest.fixture
def database(databases):
    database = Database(databases.migrated())
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
        allow_changes(connection, "register_event")
        for statement in statements:
            connection.execute(text(statement))


def verified(database, *anchors):
    with database.read() as session:
        return verify(session, anchors)


def test_an_untouched_register_verifies(database):
    result = verified(database)
    assert (result.ok, result.size, result.first_bad) == (True, EVENTS, None)


def test_an_empty_register_verifies(databases):
    database = Database(databases.migrated())
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


def test_a_register_cut_back_to_an_earlier_state_misses_its_anchor(database, databases):
    """All of it consistent: only what was kept elsewhere can tell."""
    whole = verified(database)
    anchor = Anchor(whole.size, whole.root)
    assert verified(database, anchor).ok
    assert not verified(database, Anchor(whole.size - 1, whole.root)).ok

    other = Database(databases.migrated())
    for number in range(EVENTS + 1):
        with other.write() as session:
            change = Change(action=Action.KILL_SET, entity=f"kill:other-{number}")
            record(session, system("test"), change)
        result = verified(other)
        assert result.ok
        assert not verified(other, anchor).ok
    other.dispose()


def flipped(rng, value):
    """One bit of what a column holds, changed; a null becomes something."""
    if value is None:
        return "x"
    if isinstance(value, int):
        return value ^ (1 << rng.randrange(16))
    place, bit = rng.randrange(len(value)), 1 << rng.randrange(7)
    changed = chr(ord(value[place]) ^ bit)
    return value[:place] + changed + value[place + 1 :]


def means_the_same(one, other):
    # \\u00e9 and \\u00E9 are one character: what is hashed is the JSON value.
    try:
        return json.loads(one) == json.loads(other)
    except (ValueError, TypeError):
        return one == other


@pytest.mark.parametrize("column", [c for c in EventRow.model_fields if c != "seq"])
def test_any_bit_of_any_column_is_found_at_its_row(filled, column):
    rng = random.Random(column)
    for seq in sorted(rng.sample(range(1, filled.size + 1), 3), reverse=True):
        value = filled.value(column, seq)
        changed = flipped(rng, value)
        while means_the_same(value, changed) or not filled.takes(column, changed):
            changed = flipped(rng, value)
        new = filled.as_type(column, ":value")
        statement = f"UPDATE register_event SET {column} = {new} WHERE seq = :seq"
        filled.tamper(statement, value=changed, seq=seq)
        result = verified(filled.database)
        assert (result.ok, result.first_bad) == (False, seq), (column, value, changed)


def test_text_that_is_no_text_is_found_at_its_row(filled):
    if filled.on_postgresql:
        pytest.skip("PostgreSQL holds no such text")
    filled.tamper("UPDATE register_event SET reason = CAST(x'ff' AS TEXT) WHERE seq = 301")
    result = verified(filled.database)
    assert (result.ok, result.first_bad) == (False, 301)
    assert "cannot be read" in result.problem


@pytest.mark.parametrize("seed", range(4))
def test_rows_dropped_added_or_swapped_are_found(filled, seed):
    rng = random.Random(seed)
    first, second = sorted(rng.sample(range(2, filled.size), 2))
    statements = {
        0: ("DELETE FROM register_event WHERE seq = :first", first),
        1: ("UPDATE register_event SET seq = -1 WHERE seq = :second", -1),
        2: ("UPDATE register_event SET seq = 10000 WHERE seq = :first", first),
        3: ("UPDATE register_event SET seq = 20000 - seq WHERE seq >= :first", first),
    }
    statement, expected = statements[seed]
    values = {"first": first, "second": second}
    used = {name: value for name, value in values.items() if f":{name}" in statement}
    filled.tamper(statement, **used)
    result = verified(filled.database)
    assert (result.ok, result.first_bad) == (False, expected)


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE register_node SET hash = :zero WHERE position = 1", 257),
        ("DELETE FROM register_node WHERE position = 0", 1),
        ("INSERT INTO register_node VALUES (8, 2, :zero)", 601),
        ("UPDATE register_node SET level = 16 WHERE position = 1", 257),
        ("UPDATE register_head SET edge = '[]' WHERE :zero <> ''", 600),
        ("DELETE FROM register_head WHERE :zero <> ''", 1),
    ],
)
def test_the_stored_tree_is_checked_too(filled, statement, first_bad):
    filled.tamper(statement, zero="0" * 64)
    result = verified(filled.database)
    assert (result.ok, result.first_bad) == (False, first_bad), result


def test_how_far_it_has_come_is_told(filled, monkeypatch):
    monkeypatch.setattr(verifier, "BATCH", 250)
    told = []
    with filled.database.read() as session:
        assert verify(session, note=told.append).ok
    assert told == [250, 500]


def test_a_history_rewritten_as_a_whole_misses_its_anchors(filled, tmp_path):
    """Every hash fits; only roots kept elsewhere tell, and between which two it happened."""
    with filled.database.read() as session:
        roots = {event.seq: event.root for event in read_events(session)}
    anchors = [Anchor(size, roots[size], f"checkpoint {size}") for size in (100, 200, 400)]
    assert verified(filled.database, *anchors).anchors == 3
    with filled.database.write() as session:
        # What a holder of database and code can do: all from event 150 on, anew.
        rewritten = [event.members for event in read_events(session)]
        for table in ("register_event", "register_node", "register_head"):
            allow_changes(session.connection(), table)
            session.connection().execute(text(f"DELETE FROM {table}"))
        for members in rewritten:
            event = msgspec.convert(members, RegisterEvent)
            if event.seq >= 150:
                event = msgspec.structs.replace(event, reason="another story")
            tree = read_head(session)
            leaf = register.leaf(event)
            root = grow(session, tree, leaf)
            values = columns_of(event, leaf.hex(), root)
            session.connection().execute(insert(EventRow), values)
    assert verified(filled.database).ok
    result = verified(filled.database, *anchors)
    assert (result.ok, result.first_bad) == (False, None)
    assert "checkpoint 200 saw other events among events 101 to 200" in result.problem
