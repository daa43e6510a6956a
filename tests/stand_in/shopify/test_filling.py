"""A shop filled from order sets: the same every time, whole, and as large as asked for."""

import json
from itertools import pairwise

import pytest

from tests.stand_in.shopify.filling import Filling
from tests.stand_in.shopify.hand_clock import HandClock
from tests.stand_in.shopify.order_sets import UnknownOrderSet, baskets
from tests.stand_in.shopify.records import Kind, number_of
from tests.stand_in.shopify.shop import Shop, hundredths
from tests.training.made_up_shop import shared
from training.order_file import default_file

NOW = int(HandClock().now().timestamp())


def records(source="generated:400", lines=None):
    return list(Filling(source, lines, NOW).records())


def of(found, kind):
    return {each.number: each for each in found if each.kind == kind}


def lines(found):
    return sum(len(each.body["lineItems"]) for each in found if each.kind == Kind.ORDER)


def test_is_the_same_every_time():
    assert records() == records()


@pytest.mark.parametrize("wanted", [1, 399, 400, 401, 1000, 1203])
def test_has_exactly_as_many_lines_as_asked_for(wanted):
    assert lines(records(lines=wanted)) == wanted


def test_fewer_lines_are_the_newest():
    few = of(records(lines=50), Kind.ORDER)
    newest = max(each.created_at for each in few.values())
    assert NOW - 86_400 * 3 < newest < NOW
    all_of_them = sorted(each.created_at for each in of(records(), Kind.ORDER).values())
    assert min(each.created_at for each in few.values()) >= all_of_them[-len(few)]


def test_copies_are_other_customers_orders_of_the_same_products():
    once, thrice = records(), records(lines=1200)
    assert len(of(thrice, Kind.CUSTOMER)) == 3 * len(of(once, Kind.CUSTOMER))
    assert len(of(thrice, Kind.PRODUCT)) == len(of(once, Kind.PRODUCT))


def test_everything_that_is_pointed_at_is_there():
    found = records()
    customers, variants = of(found, Kind.CUSTOMER), of(found, Kind.VARIANT)
    orders, products = of(found, Kind.ORDER), of(found, Kind.PRODUCT)
    items, levels = of(found, Kind.INVENTORY_ITEM), of(found, Kind.INVENTORY_LEVEL)
    assert len(found) == len({(each.kind, each.number) for each in found})
    assert set(variants) == set(products) == set(items) == set(levels)
    for order in orders.values():
        body = order.body
        assert body["customer"] is None or body["customer"] in customers
        for line in body["lineItems"]:
            assert line["variant"] in variants
            assert line["product"] in products
        total = sum(hundredths(line["originalTotalSet"]) for line in body["lineItems"])
        assert hundredths(body["totalPriceSet"]) == total
        left, refunded = (hundredths(body[n]) for n in ("currentTotalPriceSet", "totalRefundedSet"))
        assert left + refunded == total
        assert order.created_at <= order.updated_at < NOW


def test_refunds_and_disputes_belong_to_their_orders():
    found = records("generated:3000")
    orders, refunds = of(found, Kind.ORDER), of(found, Kind.REFUND)
    assert refunds
    assert of(found, Kind.DISPUTE)
    for refund in refunds.values():
        order = orders[refund.parent]
        assert order.body["refunds"] == [refund.number]
        (given,) = refund.body["refundLineItems"]
        assert given["lineItem"]["id"] == order.body["lineItems"][0]["id"]
        assert order.body["lineItems"][0]["currentQuantity"] == 0
        assert order.updated_at >= refund.created_at
    for dispute in of(found, Kind.DISPUTE).values():
        assert orders[dispute.parent].body["disputes"][0]["status"] == dispute.body["status"]


def test_personal_data_is_in_every_text_a_person_writes():
    found = records("generated:3000")
    texts = json.dumps([each.body for each in found], ensure_ascii=False)
    for field in ("note", "email", "phone", "tags", "customAttributes", "statusPageUrl"):
        assert any(each.body.get(field) for each in of(found, Kind.ORDER).values()), field
    ann = next(iter(of(found, Kind.CUSTOMER).values())).body
    assert ann["firstName"] in ann["note"]
    assert ann["email"] in texts
    assert any(each.body["dataSaleOptOut"] for each in of(found, Kind.CUSTOMER).values())


def test_only_new_orders_can_still_be_assessed():
    for order in of(records(), Kind.ORDER).values():
        new = order.created_at > NOW - 2 * 86_400
        assert (order.body["displayFulfillmentStatus"] == "UNFULFILLED") == new


@pytest.mark.slow
def test_real_baskets_keep_their_days():
    source = str(shared("online_retail.parquet"))
    found = list(baskets(source))
    assert sum(len(each.lines) for each in found) == 530_104
    assert found[0].at < found[-1].at
    assert all(sold.quantity > 0 and sold.price > 0 for each in found for sold in each.lines)


@pytest.mark.slow
def test_complete_journey_reads_too():
    found = list(baskets(str(default_file())))
    assert sum(len(each.lines) for each in found) > 1_400_000
    assert all(each.at <= after.at for each, after in pairwise(found))


@pytest.mark.parametrize("source", ["generated", "generated:many", "nowhere.parquet"])
def test_other_sources_are_refused(source):
    with pytest.raises(UnknownOrderSet):
        list(baskets(source))


def test_a_file_of_another_kind_is_refused_with_its_columns():
    source = str(shared("ta_feng.parquet"))
    with pytest.raises(UnknownOrderSet, match="it has"):
        next(baskets(source))


def test_a_shop_holds_what_it_was_filled_with(tmp_path):
    shop = Shop(HandClock(), tmp_path / "shop.sqlite3")
    found = records()
    assert shop.fill(iter(found)) == len(found)
    for kind in Kind:
        assert list(shop.every(kind)) == sorted(of(found, kind).values(), key=lambda r: r.number)
    shop.close()


@pytest.mark.parametrize(
    ("gid", "number"),
    [
        ("gid://shopify/Order/12", 12),
        ("gid://shopify/InventoryLevel/5?inventory_item_id=6", 5),
        ("12", 12),
        ("gid://shopify/Order/x", 0),
        ("", 0),
    ],
)
def test_numbers_of_ids(gid, number):
    assert number_of(gid) == number
