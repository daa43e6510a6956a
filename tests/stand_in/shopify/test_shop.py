"""The shop's records and their times."""

import pytest

from tests.stand_in.shopify.hand_clock import HandClock
from tests.stand_in.shopify.records import Kind, Record, Verb
from tests.stand_in.shopify.shop import SORTS, Condition, Shop


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def shop(tmp_path, clock):
    made = Shop(clock, tmp_path / "shop.sqlite3")
    made.fill([])
    yield made
    made.close()


def test_a_change_moves_the_time_of_change_only(shop, clock):
    made = shop.add(Kind.CUSTOMER, {"note": "a", "email": "a@example.com"})
    clock.move(10)
    changed = shop.alter(Kind.CUSTOMER, made.number, {"note": "b"})
    assert (changed.created_at, changed.processed_at) == (made.created_at, made.processed_at)
    assert changed.updated_at == made.updated_at + 10
    assert changed.body == {"note": "b", "email": "a@example.com"}
    assert shop.get(Kind.CUSTOMER, made.number) == changed


def test_times_never_go_back(shop, clock):
    made = shop.add(Kind.CUSTOMER, {}, updated_at=shop.now() + 100)
    assert shop.alter(Kind.CUSTOMER, made.number, {}).updated_at == made.updated_at


def test_listeners_hear_of_every_change_in_order(shop):
    heard = []
    shop.on_change(heard.append)
    made = shop.add(Kind.PRODUCT, {"title": "a"})
    changed = shop.alter(Kind.PRODUCT, made.number, {"title": "b"})
    shop.delete(Kind.PRODUCT, made.number)
    assert [(each.verb, each.record) for each in heard] == [
        (Verb.CREATE, made),
        (Verb.UPDATE, changed),
        (Verb.DELETE, changed),
    ]


def test_what_belongs_to_a_record_goes_with_it(shop):
    heard = []
    product = shop.add(Kind.PRODUCT, {})
    variant = shop.add(Kind.VARIANT, {}, parent=product.number)
    item = shop.add(Kind.INVENTORY_ITEM, {}, parent=variant.number)
    other = shop.add(Kind.VARIANT, {}, parent=product.number + 1)
    shop.on_change(heard.append)
    shop.delete(Kind.PRODUCT, product.number)
    assert [each.record for each in heard] == [item, variant, product]
    assert shop.get(Kind.VARIANT, other.number) == other


def test_what_is_not_there_is_neither_changed_nor_deleted(shop):
    with pytest.raises(KeyError):
        shop.alter(Kind.ORDER, 1, {})
    with pytest.raises(KeyError):
        shop.delete(Kind.ORDER, 1)


def test_pages_follow_one_another_where_times_are_equal(shop):
    made = [shop.add(Kind.ORDER, {}, number=n, created_at=50) for n in range(1, 8)]
    for reverse in (False, True):
        found, after = [], None
        while page := shop.page(
            Kind.ORDER, sort="created_at", reverse=reverse, after=after, limit=3
        ):
            found += page
            after = (page[-1].created_at, page[-1].number)
        assert found == (made[::-1] if reverse else made)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_a_page_far_into_the_shop_is_no_more_work_than_the_first(tmp_path, clock, sort, reverse):
    """With the search of a sync, whose bound must not be taken for where the page begins."""
    orders = [Record(Kind.ORDER, n, n, n, n, None, {}) for n in range(1, 4001)]
    made = Shop(clock, tmp_path / "large.sqlite3")
    made.fill(orders)
    steps = [0]

    def count():
        steps[-1] += 1

    made._database.set_progress_handler(count, 10)
    after, changed = None, Condition("updated_at >= ?", (0,))
    while page := made.page(
        Kind.ORDER, changed, sort=sort, reverse=reverse, after=after, limit=100
    ):
        after = (page[-1].number, page[-1].number)
        steps.append(0)
    made.close()
    assert len(steps) == 41
    assert max(steps[1:]) < 1.5 * steps[0]


def test_sorts_by_columns_only(shop):
    with pytest.raises(ValueError, match="sort must be one of"):
        shop.page(Kind.ORDER, sort="body; DROP TABLE records")


def test_what_a_customer_bought_follows_the_orders(shop):
    first = shop.add(Kind.ORDER, {"customer": 7, "totalPriceSet": "10.50"})
    shop.add(Kind.ORDER, {"customer": 7, "totalPriceSet": "0.25"})
    shop.add(Kind.ORDER, {"customer": 8, "totalPriceSet": "99.00"})
    assert shop.bought(7) == (2, 1075)
    shop.alter(Kind.ORDER, first.number, {"customer": 8})
    assert shop.bought(7) == (1, 25)
    assert shop.bought(9) == (0, 0)


def test_counts_no_further_than_asked(shop):
    for _ in range(5):
        shop.add(Kind.ORDER, {"test": False})
    assert shop.count(Kind.ORDER) == 5
    assert shop.count(Kind.ORDER, limit=3) == 3
    assert shop.count(Kind.ORDER, Condition("number < 0")) == 0
