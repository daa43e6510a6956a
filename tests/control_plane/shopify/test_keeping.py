"""What is past its time goes, whole orders at once; what is needed stays, however old."""

import json
import sqlite3
from functools import partial

import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest
from control_plane import clock
from control_plane.redactions.note import data_request_path, write_data_request
from control_plane.shopify import compliance, keeping, pace
from control_plane.shopify.held import read_held
from control_plane.shopify.inbox import State, open_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.keeping import Keeping
from control_plane.shopify.settings import IngressSettings
from tests.control_plane.inbox_row import put, put_order, put_outcome

DOMAIN, SHOP, SUBJECT = "demo-shop.myshopify.com", "demo-shop", "A" * 26
TABLES = {"shop_order": "id", "order_line": "order_id", "assessment": "order_id"}
TABLES |= {"outcome": "order_id"}


class Inbox:
    """A home's inbox with its writer, and rows as old as a test says."""

    def __init__(self, home):
        self.settings = IngressSettings(home=home)
        self.rows = open_inbox(self.settings.inbox)
        self.writer = InboxWriter(open_inbox(self.settings.inbox), lambda *_: 0, 10)
        self.writer.start()
        self.counted, self.held = {}, []

    def order(self, number, days, *, customer=None, state="sent", outcome_days=None):
        heard = clock.later(-days * 86_400)
        micros = int(1e6 * (clock.seconds_between("1970-01-01T00:00:00.000000Z", heard)))
        whose = {"domain": DOMAIN, "shop": SHOP, "customer": customer}
        put_order(self.rows, number, updated_us=micros, created_us=micros, **whose)
        self.add(
            "order_line",
            domain=DOMAIN,
            order_id=number,
            number=0,
            created_us=micros,
            customer=customer,
            test=0,
            quantity=1,
            unit_price=1,
            list_price=1,
        )
        self.add(
            "assessment", domain=DOMAIN, order_id=number, state=state, queued_at=heard, due_at=heard
        )
        if outcome_days is not None:
            self.outcome(number, outcome_days)

    def outcome(self, number, days):
        known_at = clock.later(-days * 86_400)
        put_outcome(self.rows, number, domain=DOMAIN, kind="refund", known_at=known_at)

    def delivery(self, number, days, state, topic="orders/create"):
        at = clock.later(-days * 86_400)
        self.add(
            "delivery",
            client_id="app",
            webhook_id=str(number),
            topic=topic,
            shop=SHOP,
            domain=DOMAIN,
            received_at=at,
            state=state,
            done_at=None if state in (State.WAITING, State.SET_ASIDE) else at,
        )

    def add(self, table, **values):
        put(self.rows, table, **values)

    def there(self, table="shop_order", column="id"):
        return {row[0] for row in self.rows.execute(f"SELECT {column} FROM {table}")}

    def run(self, **settings):
        chosen = IngressSettings(home=self.settings.home, **settings)
        return Keeping(chosen, self.writer, self.counted.__setitem__, self.held.append).run()

    def due(self):
        return {each.place: (each.due, each.held) for each in keeping.due(self.settings, self.rows)}


@pytest.fixture
def inbox(tmp_path):
    made = Inbox(tmp_path)
    yield made
    if made.writer.takes:
        made.writer.stop()
    made.rows.close()


def two_at_once(monkeypatch):
    for bound in ("LEAST", "MOST"):
        monkeypatch.setattr(pace, bound, 2)
    monkeypatch.setattr(keeping, "Pace", partial(pace.Pace, 2))


def request(kind=RedactionKind.CUSTOMER, **more):
    return RedactionRequest(
        id="r-1",
        kind=kind,
        reason="asked",
        requested_at="2026-11-01T00:00:00Z",
        due_at="2026-12-01T00:00:00Z",
        shop=SHOP,
        **more,
    )


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


@pytest.mark.parametrize(
    ("write", "stay"),
    [
        (lambda home: write_data_request(home, request(subjects=(SUBJECT,))), {1}),
        (lambda home: redaction_files.write_request(home, request(order_numbers=("2",))), {2}),
        (
            lambda home: redaction_files.write_request(home, request(kind=RedactionKind.SHOP)),
            {1, 2, 3},
        ),
    ],
)
def test_an_open_law_request_holds_what_it_is_about(inbox, write, stay):
    inbox.order(1, 900, customer=SUBJECT)
    inbox.order(2, 900)
    inbox.order(3, 900, customer="B" * 26)
    write(inbox.settings.home)
    assert inbox.due()["orders"] == (3 - len(stay), len(stay))
    inbox.run()
    assert inbox.there() == stay
    for folder in ("requests", "data_requests"):
        for path in (inbox.settings.home / "redactions" / folder).glob("*"):
            path.unlink()
    inbox.run()
    assert inbox.there() == set()


def test_a_request_nobody_has_taken_yet_holds_too(inbox):
    inbox.order(1, 900, customer=SUBJECT)
    inbox.order(2, 900)
    inbox.order(3, 900)
    waits(inbox)
    inbox.run()
    assert inbox.there() == {1, 2}


def test_a_request_that_cannot_be_read_holds_everything(inbox):
    inbox.order(1, 900)
    inbox.delivery(1, 8, State.APPLIED)
    path = data_request_path(inbox.settings.home, "r-1")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(ContractError, match="r-1"):
        inbox.run()
    assert inbox.there() == {1}
    # What had gone by then is counted all the same.
    assert inbox.counted == {"delivery": 1}


def waits(inbox):
    inbox.add(
        "compliance_request",
        topic="customers/data_request",
        shop=SHOP,
        domain=DOMAIN,
        subjects=json.dumps({"customer": SUBJECT}),
        order_ids="[2]",
        received_at=clock.now(),
        due_at=clock.now(),
    )


def test_a_request_that_is_handed_over_while_we_look_holds_too(inbox, monkeypatch):
    inbox.order(1, 900, customer=SUBJECT)
    waits(inbox)
    real = compliance.open_requests

    def handed_over_first(rows, limit):
        write_data_request(inbox.settings.home, request(subjects=(SUBJECT,)))
        compliance.taken(inbox.rows, 1, clock.now())
        return real(rows, limit)

    monkeypatch.setattr(compliance, "open_requests", handed_over_first)
    assert read_held(inbox.settings.home, inbox.rows).subjects == {SUBJECT}


def test_one_that_comes_between_two_batches_holds_what_is_still_there(inbox, monkeypatch):
    two_at_once(monkeypatch)
    for number in range(1, 6):
        inbox.order(number, 900)
    real = keeping._delete_orders

    def then_asked(rows, **more):
        write_data_request(inbox.settings.home, request(order_numbers=("1", "5")))
        return real(rows, **more)

    monkeypatch.setattr(keeping, "_delete_orders", then_asked)
    inbox.run()
    assert inbox.there() == {5}


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
