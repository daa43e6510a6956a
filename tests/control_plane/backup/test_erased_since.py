"""An inbox out of a backup holds nothing of whoever was erased since, wherever it was kept."""

import json

import pytest

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import RedactionRecord, order_digest, order_secret, subject_digest
from control_plane.backup.erased_since import leave_out_erased
from control_plane.shopify.inbox import State, open_inbox
from tests.control_plane.inbox_row import put, put_delivery, put_order, put_outcome

DOMAIN, SHOP, ERASED = "demo-shop.myshopify.com", "demo-shop", "A" * 25 + "7"
KEY = Pseudonymizer("", b"k" * 32)
AT, OLD_US, NEW_US = "2026-11-20T00:00:00.000000Z", 1_700_000_000_000_000, 1_900_000_000_000_000
BEFORE, AFTER = "2026-11-19T00:00:00.000000Z", "2026-11-21T00:00:00.000000Z"
OF_A_SHOP = ("product", "inventory", "cursor", "uninstalled", "bulk_hint", "delivery", "outcome")


class Copy:
    """A home that is being restored: a copy's inbox, and what the lake knows."""

    def __init__(self, home):
        self.home, self.inbox = home, home / "inbox.db"
        self.rows = open_inbox(self.inbox)
        (home / "keys").mkdir()
        (home / "keys" / "pseudonym.key").write_text((b"k" * 32).hex())

    def add(self, table, **values):
        put(self.rows, table, **{"domain": DOMAIN, **values})

    def order(self, number, created_us=OLD_US, customer=None):
        whose = {"domain": DOMAIN, "shop": SHOP, "customer": customer}
        put_order(self.rows, number, created_us=created_us, updated_us=1, **whose)

    def outcome(self, number, known_at=BEFORE):
        put_outcome(self.rows, number, domain=DOMAIN, kind="chargeback", known_at=known_at)

    def aside(self, number, topic, received_at=BEFORE, **kept):
        whose = {"topic": topic, "shop": SHOP, "domain": DOMAIN}
        held = {"state": State.SET_ASIDE, "kept": json.dumps(kept).encode()}
        put_delivery(self.rows, number, received_at=received_at, **whose, **held)

    def restored(self, **record):
        redaction_files.write_record(
            self.home / "lake", RedactionRecord(id="r1", at=AT, until=AT, **record)
        )
        self.rows.close()
        leave_out_erased(self.inbox, self.home / "lake", self.home / "keys")
        self.rows = open_inbox(self.inbox)

    def there(self, table, column="order_id", also="true"):
        query = f"SELECT {column} FROM {table} WHERE {also}"
        return {row[0] for row in self.rows.execute(query)}

    def kept(self):
        return {int(each) for each in self.there("delivery", "webhook_id", "kept IS NOT NULL")}


@pytest.fixture
def copy(tmp_path):
    made = Copy(tmp_path)
    yield made
    made.rows.close()


def keyed(number):
    return order_digest(order_secret(KEY, SHOP), str(number))


def test_what_was_set_aside_of_theirs_goes_and_is_nowhere_in_the_file(copy):
    copy.aside(1, "orders/create", id=1, created_us=OLD_US, customer=ERASED)
    copy.aside(2, "refunds/create", id=9, order=1)
    copy.aside(3, "refunds/create", id=10, order=4)
    copy.aside(5, "orders/create", id=5, created_us=NEW_US, customer="B" * 26)
    copy.aside(6, "refunds/create", id=11, order=6)
    copy.aside(7, "customers/redact", subjects={"customer": "C" * 26}, orders=[4])
    copy.restored(subjects_sha256=(subject_digest(ERASED),), orders_keyed=(keyed(4),))
    assert copy.kept() == {5, 6, 7}
    assert ERASED.encode() not in copy.inbox.read_bytes()


def test_what_they_ordered_after_they_asked_stays(copy):
    copy.aside(1, "orders/create", id=1, created_us=NEW_US, customer=ERASED)
    copy.order(2, NEW_US, ERASED)
    copy.outcome(2)
    copy.restored(subjects_sha256=(subject_digest(ERASED),))
    assert (copy.kept(), copy.there("outcome")) == ({1}, {2})


def test_outcomes_of_orders_that_are_known_by_their_numbers_alone_go(copy):
    copy.order(1)
    for number in (1, 2, 3):
        copy.outcome(number)
    copy.restored(orders_keyed=(keyed(2),))
    assert copy.there("outcome") == {1, 3}


def test_and_so_do_those_of_a_domain_that_no_row_names_a_shop_of(copy):
    copy.add("outcome", kind="refund", source=1, order_id=2, at_us=1, rank=0, known_at=BEFORE)
    copy.add(
        "compliance_request",
        domain="other",
        topic="customers/redact",
        shop=SHOP,
        subjects="{}",
        order_ids="[]",
        received_at=BEFORE,
        due_at=AFTER,
    )
    copy.restored(orders_keyed=(keyed(2),))
    assert copy.there("outcome") == set()


@pytest.mark.parametrize(("at", "us", "left"), [(BEFORE, OLD_US, 0), (AFTER, NEW_US, 1)])
def test_of_a_whole_shop_everything_goes_that_is_not_newer(copy, at, us, left):
    copy.order(1, us)
    copy.outcome(1)
    copy.add("product", id=7, updated_us=us)
    copy.add("inventory", item=7, location=1, updated_us=us)
    copy.add("uninstalled", at=at)
    copy.add("bulk_hint", id="gid", heard_at=at)
    copy.add("cursor", name="orders", value=at)
    copy.aside(1, "products/create", at, id=7)
    copy.restored(shop=SHOP)
    for table in OF_A_SHOP:
        # A cursor has no time: the reconcile job begins anew.
        expected = 0 if table == "cursor" else left
        assert len(copy.there(table, "domain")) == expected, table


def test_of_a_whole_shop_nothing_stays_that_tells_of_an_order_nobody_knows(copy):
    copy.order(1, NEW_US)
    copy.add("product", domain="other", id=7, updated_us=1)
    copy.add(
        "delivery",
        domain="other",
        client_id="app",
        webhook_id="0",
        topic="t",
        shop="another",
        received_at=BEFORE,
        state=State.APPLIED,
    )
    for number in (1, 2):
        copy.outcome(number, AFTER)
        copy.aside(number, "refunds/create", AFTER, id=number, order=number)
    copy.aside(3, "shop/redact", BEFORE, subjects={}, orders=[])
    copy.restored(shop=SHOP)
    assert (copy.there("outcome"), copy.kept()) == ({1}, {1, 3})
    assert copy.there("product", "domain") == {"other"}


def test_without_the_key_it_is_said_what_is_missing(copy):
    (copy.home / "keys" / "pseudonym.key").unlink()
    with pytest.raises(ContractError, match=r"pseudonym\.key"):
        copy.restored(shop=SHOP)
