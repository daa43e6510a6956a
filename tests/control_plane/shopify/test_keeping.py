"""What is past its time goes, whole orders at once; what is needed stays, however old."""

import sqlite3

import pytest

from control_plane import clock
from control_plane.shopify import keeping
from control_plane.shopify.inbox import State
from control_plane.shopify.settings import IngressSettings
from tests.control_plane.shopify.old_inbox import DOMAIN, OldInbox, two_at_once

TABLES = {"shop_order": "id", "order_line": "order_id", "assessment": "order_id"}
TABLES |= {"outcome": "order_id"}


@pytest.fixture
def inbox(tmp_path):
    made = OldInbox(tmp_path)
    yield made
    made.close()


def test_an_order_goes_whole_once_nothing_was_heard_of_it_for_its_time(inbox):
    inbox.order(1, 731, outcome_days=731)
    inbox.order(2, 729)
    inbox.order(3, 900, outcome_days=10)
    inbox.order(4, 900, state="scored")
    inbox.outcome(5, 900)
    inbox.outcome(6, 10)
    assert inbox.due()["orders"] == (2, 0)
    gone = inbox.run()
    assert gone == {"shop_order": 1, "order_line": 1, "assessment": 1, "outcome": 2}
    assert inbox.counted == gone
    for table, column in TABLES.items():
        assert inbox.there(table, column) == ({3, 6} if table == "outcome" else {2, 3, 4})
    assert inbox.due()["orders"] == (0, 0)
    assert inbox.run() == {}


def test_deliveries_and_hints_go_by_their_own_times_and_laws_stay(inbox):
    for number, (days, state) in enumerate(
        [
            (8, State.APPLIED),
            (6, State.APPLIED),
            (8, State.WAITING),
            (89, State.SET_ASIDE),
            (91, State.SET_ASIDE),
            (8, State.IGNORED),
        ]
    ):
        inbox.delivery(number, days, state)
    inbox.delivery(9, 900, State.SET_ASIDE, topic="customers/redact")
    for number, days in ((1, 8), (2, 6)):
        at = clock.later(-days * 86_400)
        inbox.add("bulk_hint", domain=DOMAIN, id=str(number), heard_at=at)
    assert inbox.due() == {
        "delivery": (2, 0),
        "bulk_hint": (1, 0),
        "set_aside": (1, 0),
        "orders": (0, 0),
    }
    assert inbox.run() == {"delivery": 2, "bulk_hint": 1, "set_aside": 1}
    assert inbox.there("delivery", "webhook_id") == {"1", "2", "3", "9"}
    assert inbox.there("bulk_hint") == {"2"}


def test_killed_between_two_batches_no_order_is_there_in_parts(inbox, monkeypatch):
    two_at_once(monkeypatch)
    for number in range(1, 6):
        inbox.order(number, 900, outcome_days=900)
    real, batches = keeping._delete_orders, []

    def dies(rows, **more):
        removed = real(rows, **more)
        batches.append(removed)
        if len(batches) == 2:
            # In the middle of the second transaction, which is not committed.
            raise sqlite3.OperationalError("killed")
        return removed

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_delete_orders", dies)
        with pytest.raises(sqlite3.OperationalError):
            inbox.run()
    left = inbox.there()
    assert len(left) == 3
    assert inbox.counted["shop_order"] == 2
    assert {frozenset(inbox.there(t, c)) for t, c in TABLES.items()} == {frozenset(left)}
    inbox.run()
    assert {frozenset(inbox.there(t, c)) for t, c in TABLES.items()} == {frozenset()}


def test_what_is_heard_of_meanwhile_stays(inbox):
    inbox.order(1, 900)
    inbox.order(2, 900)
    moments = keeping._moments(inbox.settings)
    inbox.rows.execute("UPDATE shop_order SET updated_us = 9e15 WHERE id = 1")
    inbox.outcome(2, 1)
    both = [(DOMAIN, 1), (DOMAIN, 2)]
    removed = keeping._delete_orders(inbox.rows, orders=both, moments=moments)
    assert set(removed.values()) == {0}
    assert inbox.there() == {1, 2}


def test_orders_are_left_for_the_next_run_with_no_query_open_behind(inbox, monkeypatch):
    monkeypatch.setattr(keeping, "A_RUN", 2)
    for number in range(1, 6):
        inbox.order(number, 900)
    # An open query holds its snapshot: then the log is not emptied, and grows with each batch.
    deleted, emptied = keeping._delete_orders, []

    def then_empties(rows, **more):
        emptied.append(inbox.rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        return deleted(rows, **more)

    inbox.writer.alone(lambda rows: rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())
    inbox.outcome(1, 900)
    monkeypatch.setattr(inbox.writer, "write", inbox.writer.alone)
    monkeypatch.setattr(keeping, "_delete_orders", then_empties)
    inbox.run()
    assert emptied == [0]
    assert inbox.there() == {3, 4, 5}


def test_nothing_is_found_by_reading_all_of_a_shop(inbox):
    moments = keeping._moments(inbox.settings)
    plan = [row[3] for row in inbox.rows.execute(f"EXPLAIN QUERY PLAN {keeping._ORDERS}", moments)]
    assert plan[0] == "SCAN o"
    assert "SEARCH w USING INDEX outcome_order (domain=? AND order_id=?)" in plan
    assert not [step for step in plan[1:] if step.endswith("(domain=?)")]
    inbox.order(1, 900)
    seen = []
    inbox.rows.set_trace_callback(seen.append)
    keeping._delete_orders(inbox.rows, orders=[(DOMAIN, 1)], moments=moments)
    inbox.rows.set_trace_callback(None)
    steps = [row[3] for query in seen for row in inbox.rows.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert not [step for step in steps if "SCAN" in step or step.endswith("(domain=?)")]


def test_each_batch_tells_how_long_it_held_the_writer(inbox, monkeypatch):
    two_at_once(monkeypatch)
    for number in range(1, 6):
        inbox.order(number, 900)
    inbox.run()
    # Three kinds of rows that are not there, and five orders by two.
    assert len(inbox.held) == 3 + 3
    assert all(0 < seconds < 60 for seconds in inbox.held)


def test_zero_days_are_for_ever_and_few_days_are_refused(inbox):
    inbox.order(1, 9000)
    assert inbox.run(ingress_orders_keep_days=0) == {}
    with pytest.raises(ValueError, match="at least 183"):
        IngressSettings(ingress_orders_keep_days=90)
