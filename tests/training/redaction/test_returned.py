"""Refunds of erased orders that an earlier release's sync brought back go with the next night."""

import duckdb
import pytest

from tests.training.redaction.lived_in import FIRST_ORDER, OTHER, OTHERS_ORDER, SUBJECT
from training.nightly.errors import BusyError
from training.redaction import erasing, honouring, lock, returned
from training.shop.tables import ShopLake


def orders_of(home, table):
    path = ShopLake.of(home.settings).table(table)
    query = f"SELECT DISTINCT order_id FROM '{path}' WHERE deleted_at IS NULL ORDER BY 1"
    return [row[0] for row in duckdb.sql(query).fetchall()]


def bring_back(home, planted, table):
    """As it was before anybody was erased."""
    before, now = (ShopLake.of(each.settings).table(table) for each in (planted, home))
    now.write_bytes(before.read_bytes())


@pytest.fixture
def erased(home, planted):
    home.request()
    honouring.honour(home.settings)
    bring_back(home, planted, "refunds")
    return home


def test_they_go_and_those_of_others_stay(erased):
    assert orders_of(erased, "refunds") == [FIRST_ORDER, OTHERS_ORDER]
    assert honouring.foresee(erased.settings).returned == {"refunds": 1}
    assert honouring.honour(erased.settings).returned == {"refunds": 1}
    assert orders_of(erased, "refunds") == [OTHERS_ORDER]
    assert orders_of(erased, "orders") == [OTHERS_ORDER]
    assert erased.found(SUBJECT, texts=[str(FIRST_ORDER)]) == set()
    assert honouring.honour(erased.settings).returned == {}


def test_a_table_nobody_can_read_is_told(erased):
    path = ShopLake.of(erased.settings).table("refunds")
    path.write_bytes(path.read_bytes()[:-9])
    answered = honouring.honour(erased.settings)
    assert (answered.returned, [*answered.problems]) == ({}, ["what came back"])


def test_nobody_is_waited_for_where_nothing_came_back(erased):
    with lock.using(erased.lake), pytest.raises(BusyError):
        returned.take_out(erased.settings)
    returned.take_out(erased.settings)
    with lock.using(erased.lake):
        assert returned.take_out(erased.settings) == {}


def test_of_a_whole_shop_what_no_newer_order_tells_of(home, planted):
    asked = "2026-11-23T15:00:00Z"
    request = home.request(kind="shop", subjects=[], order_numbers=[], requested_at=asked)
    erasing.erase(home.settings, request)
    new = OTHERS_ORDER + 1
    home.shop.order(new, customer=OTHER, days=0.4)
    home.shop.refund(new, order=new, line=new * 100)
    home.sync()
    bring_back(home, planted, "refunds")
    assert returned.take_out(home.settings) == {"refunds": 2}
    assert (orders_of(home, "orders"), orders_of(home, "refunds")) == ([new], [])


def test_a_home_in_which_nobody_was_erased_needs_no_key(tmp_path):
    settings = erasing.Settings(home=tmp_path)
    assert returned.take_out(settings) == {}
    assert not settings.keys.exists()
