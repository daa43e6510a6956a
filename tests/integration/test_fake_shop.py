"""The fake shop answers the sync as the stand-in does, which is held against Shopify's schema."""

import json

import duckdb
import pytest

from bentos.contract.identity import Pseudonymizer
from bentos.shopify_admin import document
from bentos.shopify_admin.answer import user_errors
from tests.stand_in.shopify.calling import Calling
from tests.stand_in.shopify.records import Kind, timestamp
from tests.training.fake_shop import ROOTS, FakeShop
from training.shop.columns import TABLES
from training.shop.reading import changed
from training.shop.sync import Sync
from training.shop.tables import ShopLake

KEY = Pseudonymizer("test", b"k" * 32)
ALWAYS = changed((None, None))
SCOPES = (
    "read_orders read_customers read_products read_inventory read_locations "
    "read_shopify_payments_disputes"
)


class StoodIn:
    """The stand-in as the client shows it. Time passes by waiting; what is written is awaited."""

    def __init__(self, call):
        self.clock, self._call = self, call
        self.now, self.monotonic = call.clock.now, call.clock.monotonic

    def sleep(self, seconds):
        for operation in self._call.place.bulk.all():
            self._call.place.bulk.written(operation.number)
        self._call.clock.move(seconds)

    def execute(self, name, variables=None):
        said = self._call(document.load(name).text, dict(variables or {}))
        assert "errors" not in said, said["errors"]
        assert user_errors(said["data"]) is None
        return said["data"]

    def download(self, url, offset=0, size=None):
        number = next(
            each.number for each in self._call.place.bulk.all() if str(each.number) in url
        )
        yield self._call.place.bulk.file(number).read_bytes()[offset:]

    def all_of(self, name):
        """Every line of a bulk document."""
        text = document.load(name).inlined({"changed": ALWAYS})
        self.execute("bulk_start", {"query": text})
        operation = self._call.place.bulk.all()[-1]
        self.sleep(3600)
        lines = self._call.place.bulk.file(operation.number).read_text().splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def call(tmp_path):
    made = Calling(tmp_path, lines=90)
    # Something of each kind, in sight of an app without read_all_orders.
    made.token = made.place.app.mint(scopes=SCOPES).text
    yield made
    made.place.bulk.stop()
    made.close()


def copied(stood, fake):
    """Have the fake hold what the stand-in shows, at the same moment."""
    lines = [line for name in ROOTS for line in stood.all_of(name)]
    fake.nodes = {line["id"]: line for line in lines}
    pages = stood.execute("refund_pages", {"first": 250, "after": None, "changed": ALWAYS})
    fake.refunds = {each["id"]: each["refunds"] for each in pages["orders"]["nodes"]}
    fake.disputes = stood.execute("dispute_pages", {"first": 250, "after": None})["disputes"][
        "nodes"
    ]
    fake.clock.sleep((stood.now() - fake.clock.now()).total_seconds())


def synced(admin, home):
    report = Sync(
        admin=admin,
        clock=admin.clock,
        lake=ShopLake(home / "shop"),
        shop="demo-shop",
        key=KEY,
        told=lambda *_: None,
    ).run(full=False)
    tables = {
        name: duckdb.sql(
            "SELECT * EXCLUDE (synced_at) REPLACE (deleted_at IS NOT NULL AS deleted_at) "
            f"FROM '{ShopLake(home / 'shop').table(name)}' ORDER BY ALL"
        ).fetchall()
        for name in TABLES
    }
    said = (report.full, report.problems, report.skipped, report.watermarks, report.behind)
    return said, report.read, tables


def test_a_sync_of_either_is_the_same_again_and_again(call, tmp_path):
    stood, fake = StoodIn(call), FakeShop()
    copied(stood, fake)
    assert fake.refunds
    first = synced(stood, tmp_path / "stood")
    assert first == synced(fake, tmp_path / "fake")
    assert first[2]["orders"]
    changes(call)
    copied(stood, fake)
    second = synced(stood, tmp_path / "stood")
    assert second == synced(fake, tmp_path / "fake")
    assert 0 < second[1]["orders"] < first[1]["orders"]


def changes(call):
    """An order changed, another gone, and one that comes late: changed before it is seen."""
    shop = call.place.shop
    orders = shop.page(Kind.ORDER, sort="updated_at", reverse=True, limit=4)
    shop.alter(Kind.ORDER, orders[1].number, {"displayFinancialStatus": "PARTIALLY_REFUNDED"})
    shop.delete(Kind.ORDER, orders[2].number)
    body = orders[3].body | {"lineItems": orders[3].body["lineItems"][:1]}
    moved = orders[3].updated_at - 86_400
    shop.add(Kind.ORDER, body, number=4_999_999_999, created_at=moved, updated_at=moved)
    assert timestamp(moved) < timestamp(shop.now())
