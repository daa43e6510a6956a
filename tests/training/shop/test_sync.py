import json
import shutil
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.shopify_admin.errors import AccessDenied
from tests.training.fake_records import gid, money
from tests.training.fake_shop import FakeShop
from training.shop import reading
from training.shop.columns import TABLES
from training.shop.errors import SyncRunning
from training.shop.sync import STAGING, Sync
from training.shop.tables import ShopLake

KEY = Pseudonymizer("test", b"k" * 32)
SHOP = "demo-shop"


def sync(shop, home, *, full=False, key=KEY):
    return Sync(
        admin=shop,
        clock=shop.clock,
        lake=ShopLake(home / "shop"),
        shop=SHOP,
        key=key,
        told=lambda *_: None,
    ).run(full=full)


def rows(home, table, *, what="* EXCLUDE (synced_at)"):
    path = ShopLake(home / "shop").table(table)
    keys = ", ".join(TABLES[table].key)
    return duckdb.sql(f"SELECT {what} FROM read_parquet('{path}') ORDER BY {keys}").fetchall()


def everything(home):
    return {name: rows(home, name) for name in TABLES}


def alive(home, table, key):
    where = f"{key}"
    return [row[0] for row in rows(home, table, what=f"{where}, deleted_at") if row[1] is None]


@pytest.fixture
def shop():
    made = FakeShop()
    for number in range(1, 6):
        made.product(number)
        made.customer(number)
    for number in range(1, 30):
        lines = [(1 + (number + n) % 5, n + 1) for n in range(number % 4)]
        made.order(number, lines, customer=1 + number % 5, days=1 + number % 12)
    made.refund(1, order=3, line=300)
    made.refund(2, order=7, line=701)
    made.refund(3, order=6, line=600)
    return made


def test_every_row_is_there_under_a_pseudonym(shop, tmp_path):
    report = sync(shop, tmp_path)
    assert report.full
    assert report.problems == {}
    assert report.read["orders"] == 29
    orders = rows(tmp_path, "orders", what="order_id, customer_id, total, currency, source")
    name = KEY.pseudonym(SHOP, "customer", "2")
    assert orders[0] == (1, name, 20, "EUR", "web")
    assert rows(tmp_path, "customers", what="customer_id, orders, spent") == sorted(
        (KEY.pseudonym(SHOP, "customer", str(n)), 3, 60) for n in range(1, 6)
    )
    lines = rows(
        tmp_path, "order_lines", what="line_id, order_id, product_id, quantity, paid_price"
    )
    assert lines[:3] == [(100, 1, 2, 1, 9), (200, 2, 3, 1, 9), (201, 2, 4, 2, 9)]
    assert rows(tmp_path, "inventory", what="inventory_item_id, location_id, available")[0] == (
        10,
        1,
        5,
    )
    assert rows(tmp_path, "refunds", what="refund_id, line_id, order_id, quantity") == [
        (1, 300, 3, 1),
        (2, 701, 7, 1),
        (3, 600, 6, 1),
    ]
    assert not (tmp_path / "shop" / STAGING).exists()


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), cuts=st.integers(0, 3))
def test_any_order_of_lines_and_any_cut_gives_the_same_tables(shop, tmp_path, seed, cuts):
    plain = FakeShop()
    plain.nodes, plain.refunds, plain.shuffled = shop.nodes, shop.refunds, False
    shop.clock = plain.clock
    shop.chance.seed(seed)
    shop.faults = ["short"] * cuts
    for home in ("plain", "shuffled"):
        shutil.rmtree(tmp_path / home, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BATCH_LINES", 20)
        sync(plain, tmp_path / "plain")
        sync(shop, tmp_path / "shuffled")
    assert everything(tmp_path / "plain") == everything(tmp_path / "shuffled")


def test_the_second_time_only_changes_are_asked_for(shop, tmp_path):
    first = sync(shop, tmp_path)
    shop.order(30, [(1, 1)], days=0)
    shop.order(5, [(2, 9)], days=0)
    shop.clock.sleep(3600)
    second = sync(shop, tmp_path)
    assert not second.full
    assert second.read["orders"] < 10
    assert len(alive(tmp_path, "orders", "order_id")) == 30
    # The order was edited: the line it lost is a tombstone, and says nothing but its ids.
    of_five = [row for row in rows(tmp_path, "order_lines") if row[1] == 5]
    assert [(row[0], row[5], row[-1] is None) for row in of_five] == [(500, 9, True)]
    assert second.watermarks["orders"] > first.watermarks["orders"]


def test_a_line_taken_out_of_an_order_becomes_a_tombstone(shop, tmp_path):
    sync(shop, tmp_path)
    shop.order(7, [(1, 4)], days=0)
    sync(shop, tmp_path)
    of_seven = [row for row in rows(tmp_path, "order_lines") if row[1] == 7]
    assert [row[-1] is None for row in of_seven] == [True, False, False]
    assert of_seven[1][3:-1] == (None,) * 7


def test_what_was_deleted_becomes_a_tombstone_with_its_lines(shop, tmp_path):
    sync(shop, tmp_path)
    shop.delete("Order", 7)
    shop.delete("Customer", 2)
    report = sync(shop, tmp_path)
    assert 7 not in alive(tmp_path, "orders", "order_id")
    of_seven = [r for r in rows(tmp_path, "order_lines") if r[1] == 7]
    assert len(of_seven) == 3
    assert all(row[-1] for row in of_seven)
    assert len(alive(tmp_path, "customers", "customer_id")) == 4
    assert alive(tmp_path, "refunds", "order_id") == [3, 6]
    assert report.tables["orders"].deleted == 1
    assert sync(shop, tmp_path, full=True).tables["orders"].deleted == 1


def test_what_changes_without_a_new_updated_at_is_read_all_the_same(shop, tmp_path):
    sync(shop, tmp_path)
    shop.nodes[gid("Customer", 3)]["dataSaleOptOut"] = True
    shop.nodes[gid("Product", 4)]["status"] = "ARCHIVED"
    shop.nodes[gid("ProductVariant", 40)]["price"] = "7.00"
    del shop.nodes[gid("ProductVariant", 50)]
    level = next(node for node in shop.nodes.values() if "quantities" in node)
    level["quantities"][0]["quantity"] = 99
    report = sync(shop, tmp_path)
    assert not report.full
    said = rows(tmp_path, "customers", what="customer_id, data_sale_opt_out")
    assert (KEY.pseudonym(SHOP, "customer", "3"), True) in said
    assert "ARCHIVED" in {row[0] for row in rows(tmp_path, "products", what="status")}
    assert alive(tmp_path, "variants", "variant_id") == [10, 20, 30, 40]
    assert Decimal("7.00") in {row[0] for row in rows(tmp_path, "variants", what="price")}
    assert 99 in {row[0] for row in rows(tmp_path, "inventory", what="available")}


def test_orders_beyond_the_window_are_kept(shop, tmp_path):
    shop.order(90, [(1, 1)], days=58)
    sync(shop, tmp_path)
    shop.clock.sleep(3 * 86400)
    shop.delete("Order", 90)  # out of sight, as any order of 61 days
    report = sync(shop, tmp_path, full=True)
    assert 90 in alive(tmp_path, "orders", "order_id")
    assert report.window_from == "2026-09-29T03:00:00Z"[:10] + report.window_from[10:]
    seeing = FakeShop(scopes=("read_orders", "read_all_orders"))
    seeing.nodes, seeing.clock = shop.nodes, shop.clock
    assert sync(seeing, tmp_path).window_from is None
    assert 90 not in alive(tmp_path, "orders", "order_id")


@pytest.mark.parametrize(
    "faults",
    [
        ["busy", "busy", "lost", "short", "short", "expired-url", "RUNNING"],
        pytest.param(["EXPIRED", "CANCELED", "lost"], marks=pytest.mark.slow),
        pytest.param(["FAILED", "FAILED", "FAILED"], marks=pytest.mark.slow),
    ],
    ids="-".join,
)
def test_a_fault_of_shopify_changes_nothing(shop, tmp_path, faults):
    sync(shop, tmp_path / "calm")
    shop.faults = list(faults)
    report = sync(shop, tmp_path / "fault")
    assert shop.faults == []
    assert report.problems == {}
    assert everything(tmp_path / "fault") == everything(tmp_path / "calm")


def test_a_failed_operation_is_cut_in_two_where_its_partial_data_ended(shop, tmp_path):
    shop.faults = ["FAILED"]
    sync(shop, tmp_path)
    texts = [operation["query"] for operation in shop.operations.values()]
    cut = [text for text in texts if "BulkOrders" in text]
    assert "updated_at:<" not in cut[0]
    assert "updated_at:<" in cut[1]
    assert cut[1].partition("updated_at:<'")[2][:20] == cut[2].partition("updated_at:>='")[2][:20]


@pytest.mark.parametrize(
    "fault",
    [
        "kill-after-start",
        "kill:refund_pages",
        pytest.param("kill:bulk_status", marks=pytest.mark.slow),
        pytest.param("kill:bulk_start", marks=pytest.mark.slow),
        pytest.param("kill:dispute_pages", marks=pytest.mark.slow),
    ],
)
def test_a_killed_sync_goes_on_and_starts_no_operation_twice(shop, tmp_path, fault):
    sync(shop, tmp_path / "calm")
    calm = len(shop.operations)
    shop.clock.sleep(3600)
    shop.faults = [fault]
    with pytest.raises(KeyboardInterrupt):
        sync(shop, tmp_path / "killed")
    report = sync(shop, tmp_path / "killed")
    assert report.resumed
    assert len(shop.operations) == 2 * calm
    assert everything(tmp_path / "killed") == everything(tmp_path / "calm")


def test_a_start_whose_answer_broke_off_is_not_done_twice(shop, tmp_path):
    shop.faults = ["broken-before-start", "broken-after-start"]
    assert sync(shop, tmp_path).problems == {}
    assert len(shop.operations) == 4


def test_a_stream_given_up_leaves_its_table_and_watermark(shop, tmp_path):
    first = sync(shop, tmp_path)
    shop.order(30, [(1, 1)], days=0)
    shop.customer(9, days=0)
    shop.faults = ["CANCELED"] * reading.MAX_ATTEMPTS
    second = sync(shop, tmp_path)
    assert "given up after 5 operations" in second.problems["orders"]
    assert second.watermarks["orders"] == first.watermarks["orders"]
    assert second.tables["orders"] == first.tables["orders"]
    assert len(alive(tmp_path, "customers", "customer_id")) == 6
    assert sync(shop, tmp_path).problems == {}
    assert 30 in alive(tmp_path, "orders", "order_id")


def test_a_watermark_never_passes_what_was_read(shop, tmp_path):
    sync(shop, tmp_path)
    # Changed long ago, but the search index shows it only now: late.
    shop.order(40, [(1, 1)], days=3)
    late = sync(shop, tmp_path)
    assert late.behind == {"orders": 1}
    assert 40 not in alive(tmp_path, "orders", "order_id")
    caught_up = sync(shop, tmp_path)
    assert caught_up.behind == {}
    assert 40 in alive(tmp_path, "orders", "order_id")


def test_a_bulk_operation_the_app_has_no_scope_for_is_run_once_and_skipped(shop, tmp_path):
    shop.denied = "BulkInventory"
    report = sync(shop, tmp_path)
    assert (list(report.skipped), report.problems) == (["inventory_items"], {})
    assert "ACCESS_DENIED" in report.skipped["inventory_items"]
    asked = [each for each in shop.operations.values() if "BulkInventory" in each["query"]]
    assert len(asked) == 1


def test_orders_the_app_may_not_read_are_a_problem_and_no_optional_part(shop, tmp_path):
    shop.denied = "BulkOrders"
    assert "ACCESS_DENIED" in sync(shop, tmp_path).problems["orders"]


def test_what_the_app_may_not_read_is_skipped_and_said(shop, tmp_path):
    def denied(_):
        raise AccessDenied("disputes", required="read_shopify_payments_disputes")

    shop._dispute_pages = denied
    report = sync(shop, tmp_path)
    assert list(report.skipped) == ["disputes"]
    assert report.problems == {}


def test_two_syncs_at_once_refuse_each_other(shop, tmp_path):
    with ShopLake(tmp_path / "shop").syncing(), pytest.raises(SyncRunning):
        sync(shop, tmp_path)


def test_another_key_needs_a_new_lake(shop, tmp_path):
    sync(shop, tmp_path)
    other = Pseudonymizer("other", b"o" * 32)
    with pytest.raises(ContractError, match="--full"):
        sync(shop, tmp_path, key=other)
    sync(shop, tmp_path, key=other, full=True)
    assert len(rows(tmp_path, "customers")) == 5


def test_nothing_typed_by_anybody_reaches_the_disk(shop, tmp_path):
    canary = "canary-4711@example.com"
    shop.order(
        31,
        [(1, 1)],
        days=0,
        note=canary,
        email=canary,
        sourceName=canary,
        discountCodes=[canary],
        paymentGatewayNames=[canary],
        cancelReason=canary,
        shippingAddress={"countryCodeV2": canary, "address1": canary},
        transactions=[
            {"kind": canary, "status": canary, "paymentDetails": {"avsResultCode": canary}}
        ],
        clientIp="203.0.113.9",
    )
    shop.customer(31, note=canary, defaultEmailAddress={"marketingState": canary})
    shop.faults = ["kill:refund_pages"]
    with pytest.raises(KeyboardInterrupt):
        sync(shop, tmp_path)
    staged = duckdb.connect(str(tmp_path / "shop" / STAGING / "staging.duckdb"), read_only=True)
    assert staged.execute("FROM staged_orders").fetchall()
    dumped = [staged.execute(f"FROM staged_{name}").fetchall() for name in TABLES]
    staged.close()
    sync(shop, tmp_path)
    stored = json.dumps([dumped, everything(tmp_path)], default=str)
    assert "canary" not in stored
    assert "203.0.113.9" not in stored
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if canary.encode() in path.read_bytes()]


def test_money_and_gids_that_are_none_stop_a_stream(shop, tmp_path):
    shop.order(31, [(1, 1)], totalDiscountsSet=money("ten"))
    shop.nodes[gid("Customer", 1)]["id"] = "anna@example.com"
    problems = sync(shop, tmp_path).problems
    assert set(problems) == {"orders", "customers"}
    assert "anna" not in str(problems)
