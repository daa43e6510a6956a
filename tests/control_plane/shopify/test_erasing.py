"""A customer goes from the ingress's file to the last byte, and nothing old brings them back."""

import json
import sqlite3
from types import SimpleNamespace

import msgspec
import pyarrow.parquet as pq
import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import RedactionKind
from control_plane.redactions.note import data_request_path, read_note
from control_plane.shopify.applying import Applier
from control_plane.shopify.apps import App
from control_plane.shopify.delivery import Claims, Delivery
from control_plane.shopify.erasing import Erasing, StillReadError
from control_plane.shopify.hand_over import HandOver
from control_plane.shopify.inbox import CHANGES, SCHEMA_VERSION, State, open_inbox, read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.ingress import Ingress
from control_plane.shopify.kept import keep
from control_plane.shopify.outcome_files import write_files
from tests.control_plane.shopify.deliveries import order

DOMAIN, SHOP = "demo-shop.myshopify.com", "demo-shop"
NAMES = Pseudonymizer("k", b"k" * 32)
AT = "2026-11-23T00:00:00.000000Z"
SUBJECT, OTHER = 191167, 191168
REFUND = {"id": 9, "order_id": 1, "created_at": "2026-11-23T10:00:00Z", "transactions": []}


class Shop:
    """An ingress's inbox over a home, without its process."""

    def __init__(self, home):
        self.home, self.inbox = home, home / "ingress" / "inbox.db"
        self.connection = open_inbox(self.inbox)
        self.apply = Applier(lambda *_: None, NAMES.pseudonym)
        self.writer = InboxWriter(self.connection, self.apply, 1000)
        self.number = 0
        parts = home, self.inbox, self.writer, NAMES.pseudonym
        self.apps = [App("app", SHOP, DOMAIN, ())]
        self.hand_over = HandOver(*parts, lambda: self.apps)
        self.erasing = Erasing(*parts)
        self.writer.start()

    def deliver(self, topic, message):
        self.number += 1
        kept = keep(topic, json.dumps(message).encode(), DOMAIN, self.name)
        claims = Claims(topic, DOMAIN, f"w-{self.number}", None)
        self.writer.take(Delivery("app", SHOP, claims, AT, msgspec.json.encode(kept))).result(60)
        self.writer.write(lambda inbox: None)
        while self.rows("SELECT 1 FROM delivery WHERE state = 0"):
            pass
        return self.rows("SELECT state FROM delivery WHERE webhook_id = ?", claims.webhook_id)[0][
            "state"
        ]

    def redact(self, topic="customers/redact", **more):
        body = {"shop_domain": DOMAIN, "customer": {"id": SUBJECT, "email": "A@example.com"}}
        self.deliver(topic, {**body, **more})

    def name(self, kind, raw):
        return NAMES.pseudonym(SHOP, kind, raw)

    def rows(self, query, *values):
        reader = read_inbox(self.inbox)
        try:
            return [dict(row) for row in reader.execute(query, values)]
        finally:
            reader.close()

    def bytes(self):
        return b"".join(path.read_bytes() for path in self.inbox.parent.iterdir())


@pytest.fixture
def shop(tmp_path):
    running = Shop(tmp_path)
    yield running
    running.writer.stop()


@pytest.fixture
def held(shop):
    """Orders of two customers and a guest, a refund, a scored order, and the outcomes' files."""
    for number, customer in ((1, SUBJECT), (2, OTHER), (3, None), *((n, SUBJECT) for n in (4, 5))):
        shop.deliver("orders/create", order(number, customer=customer))
    shop.deliver("refunds/create", REFUND)
    shop.connection.execute(
        "UPDATE assessment SET features = '{\"x\": 1}', probability = 0.5, facts = '[]'"
    )
    assert len(shop.rows("SELECT * FROM assessment")) == 5
    write_files(shop.inbox, shop.home / "lake" / "outcomes")
    return shop


def test_a_customer_is_gone_to_the_last_byte_and_others_stay(held):
    subject = held.name("customer", str(SUBJECT)).encode()
    assert subject in held.bytes()
    held.redact(orders_to_redact=[3])
    assert held.hand_over.run() == 1
    assert held.erasing.run() == 1
    assert subject not in held.bytes()
    assert [row["id"] for row in held.rows("SELECT id FROM shop_order")] == [2]
    for table in ("order_line", "assessment", "outcome"):
        numbers = {row["order_id"] for row in held.rows(f"SELECT order_id FROM {table}")}
        assert numbers <= {2}
    files = [pq.read_table(each) for each in (held.home / "lake" / "outcomes").iterdir()]
    assert {each for table in files for each in table["order_id"].to_pylist()} <= {2}
    [path] = redaction_files.request_files(held.home)
    note = read_note(held.home, redaction_files.read_request(path).id)
    assert note.erased_at
    assert note.removed["inbox/shop_order"] == 4


def test_what_an_ingress_killed_a_moment_ago_was_writing_goes_too(held):
    folder = held.home / "lake" / "outcomes"
    [part] = (folder / "outcomes.parquet").iterdir()
    (folder / "tmpfn_ll349").write_bytes(part.read_bytes())
    held.redact(orders_to_redact=[3])
    held.hand_over.run()
    held.erasing.run()
    assert {each.name for each in folder.iterdir()} == {"assessments.parquet", "outcomes.parquet"}


def test_the_request_s_file_names_every_pseudonym_and_the_row_nobody(held):
    held.redact(orders_to_redact=[3])
    held.hand_over.run()
    [path] = redaction_files.request_files(held.home)
    request = redaction_files.read_request(path)
    customer = held.name("customer", str(SUBJECT))
    assert request.kind is RedactionKind.CUSTOMER
    assert request.subjects[:2] == (customer, held.name("targeting_key", customer))
    assert {
        held.name("customer", "a@example.com"),
        held.name("targeting_key", str(SUBJECT)),
        # The guest's order was decided about as itself.
        held.name("targeting_key", "order:3"),
    } <= set(request.subjects)
    assert request.order_numbers == ("1", "3", "4", "5")
    [row] = held.rows("SELECT * FROM compliance_request")
    assert (row["subjects"], row["order_ids"]) == ("{}", "[]")
    assert row["taken_at"]
    assert held.hand_over.run() == 0


def test_killed_after_the_file_the_same_request_is_written_again(held, monkeypatch):
    held.redact()
    with monkeypatch.context() as patched:
        patched.setattr(held.hand_over, "_writer", None)
        with pytest.raises(AttributeError):
            held.hand_over.run()
    [before] = redaction_files.request_files(held.home)
    assert held.hand_over.run() == 1
    assert redaction_files.request_files(held.home) == [before]


def test_nothing_old_comes_back_and_what_is_new_is_taken_in(held):
    held.redact(orders_to_redact=[3])
    held.hand_over.run()
    held.erasing.run()
    again = [
        ("orders/updated", order(1, updated="2026-11-24T00:00:00Z")),
        ("orders/updated", order(77)),  # theirs, and never heard of before
        ("orders/updated", order(3, customer=None, updated="2026-11-24T00:00:00Z")),
        ("refunds/create", {**REFUND, "id": 10}),
    ]
    assert [held.deliver(*each) for each in again] == [State.STALE] * 4
    assert [row["id"] for row in held.rows("SELECT id FROM shop_order")] == [2]
    assert held.rows("SELECT * FROM outcome") == []
    assert held.deliver("orders/create", order(88, at="2099-01-01T00:00:00Z")) == State.APPLIED


def test_what_was_set_aside_of_theirs_goes_and_a_law_topic_stays(held):
    kept = keep("orders/create", json.dumps(order(6)).encode(), DOMAIN, held.name)
    blob = msgspec.json.encode(kept)
    for number, topic in ((901, "orders/create"), (902, "customers/redact")):
        held.connection.execute(
            "INSERT INTO delivery (seq, client_id, webhook_id, topic, shop, domain, received_at,"
            " state, kept) VALUES (?, 'app', ?, ?, ?, ?, ?, 3, ?)",
            (number, str(number), topic, SHOP, DOMAIN, AT, blob),
        )
    held.redact()
    held.hand_over.run()
    held.erasing.run()
    left = held.rows("SELECT seq, state, kept FROM delivery WHERE seq IN (901, 902) ORDER BY seq")
    assert [(row["state"], row["kept"] is None) for row in left] == [(4, True), (3, False)]
    # Nor does what becomes of it, which names its order alone.
    assert held.deliver("refunds/create", {**REFUND, "id": 12, "order_id": 6}) == State.STALE


def test_a_data_request_erases_nothing(held):
    held.redact("customers/data_request", data_request={"id": 9999})
    held.hand_over.run()
    assert redaction_files.request_files(held.home) == []
    [path] = (held.home / "redactions" / "data_requests").glob("*.json")
    note = read_note(held.home, path.stem)
    assert (note.data_request, note.topic) == (9999, "customers/data_request")
    assert held.erasing.run() == 0
    assert data_request_path(held.home, path.stem).exists()
    assert len(held.rows("SELECT * FROM shop_order")) == 5


def test_a_shop_goes_whole(held):
    held.deliver("products/create", {"id": 7, "updated_at": "2026-11-24T00:00:00Z"})
    held.deliver("shop/redact", {"shop_domain": DOMAIN})
    held.hand_over.run()
    [path] = redaction_files.request_files(held.home)
    assert redaction_files.read_request(path).kind is RedactionKind.SHOP
    held.erasing.run()
    for table in ("shop_order", "order_line", "outcome", "assessment", "product", "delivery"):
        assert held.rows(f"SELECT * FROM {table}") == []
    # Its token may work still, and the reconcile job reads what was never heard of, too.
    again = [
        ("orders/updated", order(1, updated="2026-11-24T00:00:00Z")),
        ("orders/updated", order(77, customer=None)),
        ("refunds/create", {**REFUND, "id": 10}),
    ]
    assert [held.deliver(*each) for each in again] == [State.STALE] * 3
    assert held.deliver("orders/create", order(88, at="2099-01-01T00:00:00Z")) == State.APPLIED


def test_nothing_of_an_order_nobody_knows_comes_back_to_a_shop_that_was_erased(held):
    held.deliver("shop/redact", {"shop_domain": DOMAIN})
    held.hand_over.run()
    held.erasing.run()
    # Let go long ago, or from before the ingress began.
    dispute = {"id": 5, "order_id": 777, "type": "chargeback", "reason": "fraudulent"}
    late = {**REFUND, "id": 11, "order_id": 777}
    assert held.deliver("disputes/create", dispute) == State.STALE
    assert held.deliver("refunds/create", late) == State.STALE
    assert held.rows("SELECT * FROM outcome") == []
    # Connected anew: what becomes of an order that is known to be newer is theirs to keep.
    held.deliver("orders/create", order(88, at="2099-01-01T00:00:00Z"))
    assert held.deliver("refunds/create", {**late, "order_id": 88}) == State.APPLIED
    assert held.deliver("disputes/create", {**dispute, "order_id": 88}) == State.APPLIED


def test_a_shop_whose_name_another_domain_has_too_is_not_erased_with_it(held):
    held.apps.append(App("other", SHOP, "second.myshopify.com", ()))
    held.deliver("shop/redact", {"shop_domain": DOMAIN})
    held.redact()
    with pytest.raises(ContractError, match=r"second\.myshopify\.com"):
        held.hand_over.run()
    # The customer's was handed over all the same; the shop's waits, and its clock runs.
    [path] = redaction_files.request_files(held.home)
    assert redaction_files.read_request(path).kind is RedactionKind.CUSTOMER
    assert len(held.rows("SELECT * FROM compliance_request WHERE taken_at IS NULL")) == 1


def test_one_that_cannot_be_handed_over_keeps_nobody_from_being_erased(held):
    held.apps.append(App("other", SHOP, "second.myshopify.com", ()))
    held.deliver("shop/redact", {"shop_domain": DOMAIN})
    held.redact()
    parts = SimpleNamespace(hand_over=held.hand_over, erasing=held.erasing)
    with pytest.raises(ContractError, match=r"second\.myshopify\.com"):
        Ingress.comply(parts)
    [path] = redaction_files.request_files(held.home)
    assert read_note(held.home, path.stem).erased_at
    assert [row["id"] for row in held.rows("SELECT id FROM shop_order")] == [2, 3]


def test_it_is_not_done_while_somebody_reads_old_pages(held):
    held.redact()
    held.hand_over.run()
    reader = sqlite3.connect(f"file:{held.inbox}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM shop_order").fetchall()
    held.connection.execute("PRAGMA busy_timeout = 50")
    [path] = redaction_files.request_files(held.home)
    with pytest.raises(StillReadError):
        held.erasing.run()
    assert read_note(held.home, path.stem).erased_at is None
    reader.close()
    assert held.erasing.run() == 1
    assert read_note(held.home, path.stem).removed["inbox/shop_order"] == 3


def test_it_is_not_done_before_the_loop_has_let_go_of_what_it_read(held):
    held.redact()
    held.hand_over.run()
    [path] = redaction_files.request_files(held.home)
    seen = []

    def settle():
        rows = held.rows("SELECT id FROM shop_order")
        seen.append((read_note(held.home, path.stem).erased_at, rows))

    Erasing(held.home, held.inbox, held.writer, NAMES.pseudonym, settle).run()
    assert seen == [(None, [{"id": 2}, {"id": 3}])]
    assert read_note(held.home, path.stem).erased_at


def test_a_customer_with_thousands_of_orders_is_handed_over_as_well(held):
    held.redact(orders_to_redact=list(range(1, 3001)))
    assert held.hand_over.run() == 1
    [path] = redaction_files.request_files(held.home)
    request = redaction_files.read_request(path)
    assert len(request.order_numbers) == 3000
    assert held.name("targeting_key", "order:3000") in request.subjects


def test_a_request_that_cannot_be_read_keeps_no_other_from_being_done(held):
    held.redact()
    held.hand_over.run()
    folder = held.home / "redactions" / "requests"
    (folder / "0.json").write_text("{}")
    with pytest.raises(ContractError):
        held.erasing.run()
    assert [row["id"] for row in held.rows("SELECT id FROM shop_order")] == [2, 3]


def test_an_inbox_of_the_release_before_is_carried_on(tmp_path):
    path = tmp_path / "inbox.db"
    connection = open_inbox(path)
    connection.execute("DROP INDEX assessment_scored")
    connection.execute("DROP TABLE erased")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    connection = open_inbox(path)
    assert connection.execute("SELECT * FROM erased").fetchall() == []
    assert connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert max(CHANGES) + 1 == SCHEMA_VERSION
    connection.close()
