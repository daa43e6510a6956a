from decimal import Decimal

import duckdb
import pytest

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from tests.training.consents import give_consents
from tests.training.fake_records import money
from tests.training.fake_shop import FakeShop
from training.errors import ConsentError, OrderError
from training.lines import OrderSource, prepare_lines
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings
from training.shop.errors import NotSynced
from training.shop.sync import Sync
from training.shop.tables import SALES, ShopLake

SOURCE = OrderSource(shop=True, consent_basis="contract: test")


@pytest.fixture
def settings(tmp_path):
    made = Settings(home=tmp_path)
    give_consents(made.home, shop=made.shop)
    return made


def sync(shop, settings, key=None):
    Sync(
        admin=shop,
        clock=shop.clock,
        lake=ShopLake.of(settings),
        shop=settings.shop,
        key=key or load_key(settings.keys / KEY_FILE),
        told=lambda *_: None,
    ).run(full=False)


def a_shop():
    shop = FakeShop()
    for number in (1, 2, 3):
        shop.product(number)
    shop.customer(7)
    shop.customer(8, dataSaleOptOut=True)
    shop.order(1, [(1, 2), (2, 1)], days=3)
    return shop


def lines(prepared, what="order_id, product_id, quantity, unit_price, is_return"):
    order = "ORDER BY ordered_at, order_id, line"
    return duckdb.sql(f"SELECT {what} FROM '{prepared.path}' {order}").fetchall()


def test_without_consent_nothing_is_made_of_what_was_synced(tmp_path):
    settings = Settings(home=tmp_path)
    sync(a_shop(), settings)
    with pytest.raises(ConsentError, match="consent: expected the merchant's consent"):
        prepare_lines(settings, SOURCE, ("fraud",))
    assert not (ShopLake.of(settings).folder / SALES).exists()


def test_lines_come_from_the_lake_under_the_same_pseudonyms(settings):
    shop = a_shop()
    sync(shop, settings)
    prepared = prepare_lines(settings, SOURCE)
    assert lines(prepared) == [("1", 1, 2, 9, False), ("1", 2, 1, 9, False)]
    key = load_key(settings.keys / KEY_FILE)
    what = "DISTINCT customer_id, list_price, discount, unit_cost, product_label, category"
    assert duckdb.sql(f"SELECT {what} FROM '{prepared.path}' ORDER BY discount").fetchall() == [
        (key.pseudonym(settings.shop, "customer", "7"), 10, off, 4, f"Thing {n}", "things")
        for off, n in ((1, 2), (2, 1))
    ]
    assert prepared.source == "shop.parquet"
    assert prepare_lines(settings, SOURCE) == prepared


def test_a_refund_is_a_return_at_its_real_time(settings):
    shop = a_shop()
    # One of two came back, and the order says so.
    line = next(node for gid, node in shop.nodes.items() if gid.endswith("LineItem/100"))
    line["currentQuantity"] = 1
    shop.refund(5, order=1, line=100, days=1)
    sync(shop, settings)
    prepared = prepare_lines(settings, SOURCE)
    assert lines(
        prepared, "order_id, quantity, discount, is_return, ordered_at::DATE::VARCHAR"
    ) == [
        ("1", 2, Decimal(2), False, "2026-11-21"),
        ("1", 1, Decimal(1), False, "2026-11-21"),
        ("R5", 1, Decimal(1), True, "2026-11-23"),
    ]
    assert prepared.report["returns"] == 1


def test_units_taken_out_of_an_order_were_never_sold(settings):
    shop = a_shop()
    for node in shop.nodes.values():
        if node.get("quantity") == 2:
            node["currentQuantity"] = 1
    sync(shop, settings)
    assert [row[2] for row in lines(prepare_lines(settings, SOURCE))] == [1, 1]


def test_what_is_no_sale_is_left_out_and_counted(settings):
    shop = a_shop()
    shop.order(2, [(1, 1)], test=True)
    shop.order(3, [(1, 1)], cancelledAt="2026-11-23T00:00:00Z")
    shop.order(4, [(1, 1)], displayFinancialStatus="PENDING")
    shop.order(5, [(1, 1)], customer=8)
    shop.order(6, [(1, 1), (1, 1), (1, 1)])
    of_six = [node for gid, node in shop.nodes.items() if "/LineItem/60" in gid]
    of_six[0]["isGiftCard"] = True
    of_six[1]["product"] = None
    of_six[2]["currentQuantity"] = 0
    shop.order(7, [(1, 1)])
    shop.order(9, [(3, 1)], customer=None)
    shop.delete("Order", 7)
    sync(shop, settings)
    report = prepare_lines(settings, SOURCE).report
    assert sorted(report["dropped"].values()) == [1] * 7
    assert "test order" in report["dropped"]
    assert report["lines"] == 3
    assert report["lines_without_customer"] == 1


def test_two_currencies_stop_it(settings):
    shop = a_shop()
    other = {"shopMoney": {"amount": "5.0", "currencyCode": "USD"}}
    shop.order(2, [(1, 1)], currentTotalPriceSet=other)
    shop.order(3, [(1, 1)], currentTotalPriceSet=money("5.0"))
    sync(shop, settings)
    with pytest.raises(OrderError, match="USD"):
        prepare_lines(settings, SOURCE)


def test_no_names_come_in_as_pseudonyms(settings, tmp_path):
    sync(a_shop(), settings)
    prepare_lines(settings, SOURCE)
    made = next((settings.lake / "shop" / SALES).glob("*/shop.parquet"))
    named = tmp_path / "named.parquet"
    select = f"SELECT * REPLACE ('Anna' AS customer_pseudonym) FROM '{made}'"
    duckdb.execute(f"COPY ({select}) TO '{named}'")
    with pytest.raises(OrderError, match="pseudonyms") as refused:
        prepare_lines(settings, OrderSource(orders=named, mapping="shop"))
    assert "Anna" not in str(refused.value)


def test_the_file_goes_when_its_tables_do(settings):
    shop = a_shop()
    sync(shop, settings)
    prepare_lines(settings, SOURCE)
    before = list((settings.lake / "shop" / SALES).iterdir())
    sync(shop, settings)
    assert len(before) == 1
    assert not before[0].exists()


def test_without_a_sync_or_with_another_key_it_says_what_to_do(settings):
    with pytest.raises(NotSynced, match="shop sync"):
        prepare_lines(settings, SOURCE)
    sync(a_shop(), settings, Pseudonymizer("other", b"o" * 32))
    with pytest.raises(ContractError, match="--full"):
        prepare_lines(settings, SOURCE)
