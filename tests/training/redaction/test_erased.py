"""Whoever was erased does not come back with a file, or a shop, that still holds them."""

import duckdb
import msgspec
import pytest

from bentos import redaction_files
from bentos.contract.redaction import subject_digest
from bentos.shopify_admin.errors import Refused
from tests.training.consents import give_consents
from tests.training.redaction.lived_in import (
    FIRST_ORDER,
    OTHER,
    OTHER_MAIL,
    OTHERS_ORDER,
    SUBJECT,
    SUBJECT_MAIL,
)
from training.errors import OrderError
from training.lines import OrderSource, prepare_lines
from training.redaction import erased, erasing
from training.shop.reading import MAX_ATTEMPTS
from training.shop.tables import ShopLake

BEFORE = "2026-11-19T10:00:00Z"
"""The day before they asked."""
SHOP_ASKED = "2026-11-23T15:00:00Z"


def test_nobody_is_erased_from_a_lake_without_records(tmp_path):
    assert not erased.load(tmp_path)
    assert erased.load(tmp_path).digest == erased.Erased().digest


def test_an_order_file_that_still_holds_them_is_read_without_them(home, planted):
    orders = planted.settings.home.parent / "orders_export_1.csv"
    erasing.erase(home.settings, home.request())
    again = prepare_lines(home.settings, OrderSource(orders=orders))
    before = prepare_lines(planted.settings, OrderSource(orders=orders))
    assert again.report["customers"] == before.report["customers"] - 1
    assert again.left_out == before.left_out
    assert home.found(SUBJECT, SUBJECT_MAIL) == set()
    assert home.found(OTHER_MAIL)


def test_a_shop_that_still_has_them_is_synced_without_them(home):
    erasing.erase(home.settings, home.request())
    home.shop.customer(SUBJECT, days=0.1)
    home.shop.order(FIRST_ORDER, customer=None, days=0.1)
    before = {"createdAt": BEFORE, "processedAt": BEFORE}
    home.shop.order(FIRST_ORDER + 1, customer=SUBJECT, days=0.1, **before)
    home.shop.order(OTHERS_ORDER + 1, customer=OTHER, days=0.1)
    home.shop.refund(FIRST_ORDER + 1, order=FIRST_ORDER + 1, line=1)
    home.sync()
    lake = ShopLake.of(home.settings)
    assert home.found(SUBJECT, texts=[str(FIRST_ORDER), str(FIRST_ORDER + 1)]) == set()
    assert home.found(OTHER, texts=[str(OTHERS_ORDER + 1)])
    # Ids that are seen in the shop and not in the lake are no reason to read everything again.
    assert lake.current().behind == {}


def test_what_they_order_after_they_asked_is_new_and_tells_nothing_of_before(home):
    erasing.erase(home.settings, home.request())
    home.shop.customer(SUBJECT, days=0.1)
    home.shop.order(FIRST_ORDER + 2, customer=SUBJECT, days=0.1)
    # An old order that is imported now is an old order.
    home.shop.order(FIRST_ORDER + 3, customer=SUBJECT, days=0.1, processedAt=BEFORE)
    home.sync()
    lake = ShopLake.of(home.settings)
    subject = home.pseudonym(SUBJECT)
    orders = f"SELECT order_id FROM '{lake.table('orders')}' WHERE customer_id = '{subject}'"
    assert duckdb.sql(orders).fetchall() == [(FIRST_ORDER + 2,)]
    row = (
        "SELECT created_at, orders, spent, data_sale_opt_out "
        f"FROM '{lake.table('customers')}' WHERE customer_id = '{subject}'"
    )
    assert duckdb.sql(row).fetchall() == [(None, None, None, False)]
    lines = prepare_lines(home.settings, OrderSource(shop=True))
    theirs = f"SELECT DISTINCT order_id FROM '{lines.path}' WHERE customer_id = '{subject}'"
    assert duckdb.sql(theirs).fetchall() == [(str(FIRST_ORDER + 2),)]
    # Their row is brought up to date by itself, too, as they have an order here.
    home.shop.customer(SUBJECT, days=0.01, dataSaleOptOut=True)
    home.sync()
    opted = f"SELECT data_sale_opt_out FROM '{lake.table('customers')}' "
    assert duckdb.sql(f"{opted} WHERE customer_id = '{subject}'").fetchall() == [(True,)]


def erase_shop(home):
    """Asked for after all that is planted, half a day before the shop's clock."""
    asked = home.request(kind="shop", subjects=[], order_numbers=[], requested_at=SHOP_ASKED)
    return erasing.erase(home.settings, asked)


def alive(home, table, column="order_id"):
    path = ShopLake.of(home.settings).table(table)
    query = f"SELECT DISTINCT {column} FROM '{path}' WHERE deleted_at IS NULL ORDER BY 1"
    return [row[0] for row in duckdb.sql(query).fetchall()]


def test_a_shop_that_was_erased_whole_and_is_synced_again_has_new_orders_alone(home):
    assert erase_shop(home).until == SHOP_ASKED
    home.shop.order(OTHERS_ORDER + 1, customer=OTHER, days=0.4)
    home.shop.order(OTHERS_ORDER + 2, customer=None, days=9)
    home.sync()
    for table in ("orders", "order_lines"):
        assert alive(home, table) == [OTHERS_ORDER + 1]
    customers = f"SELECT customer_id, orders FROM '{ShopLake.of(home.settings).table('customers')}'"
    assert duckdb.sql(customers).fetchall() == [(home.pseudonym(OTHER), None)]
    assert home.found(SUBJECT, texts=[str(FIRST_ORDER), str(OTHERS_ORDER)]) == set()


def test_refunds_and_disputes_of_a_shop_that_was_erased_whole_stay_away_sync_after_sync(home):
    erase_shop(home)
    new, beyond_the_window = OTHERS_ORDER + 1, 1
    # Changed since: the sync asks for it by its change, and must tell it is old.
    placed = {"createdAt": BEFORE, "processedAt": BEFORE}
    home.shop.order(FIRST_ORDER, customer=SUBJECT, days=0.2, **placed)
    home.shop.order(new, customer=OTHER, days=0.4)
    home.shop.refund(new, order=new, line=new * 100)
    for number, order in enumerate((FIRST_ORDER, OTHERS_ORDER, new, beyond_the_window)):
        home.shop.dispute(number, order)
    home.shop.dispute(9, None)
    for _ in range(3):
        home.sync()
        for table in ("orders", "refunds", "disputes"):
            assert alive(home, table) == [new]
        home.shop.clock.sleep(86_400)
    assert home.found(SUBJECT, texts=[str(FIRST_ORDER), str(OTHERS_ORDER)]) == set()


def test_refunds_read_later_than_their_orders_are_those_of_orders_that_are_here(home, monkeypatch):
    erase_shop(home)
    new = OTHERS_ORDER + 1
    home.shop.order(new, customer=OTHER, days=0.4)
    home.shop.refund(new, order=new, line=new * 100)

    def refused(_):
        raise Refused("refunds", ["THROTTLED"])

    with monkeypatch.context() as night:
        night.setattr(home.shop, "_refund_pages", refused)
        home.sync()
    assert alive(home, "orders") == [new]
    home.shop.clock.sleep(86_400)
    home.sync()
    assert alive(home, "refunds") == [new]
    assert home.found(SUBJECT, texts=[str(FIRST_ORDER), str(OTHERS_ORDER)]) == set()


def test_a_refund_whose_order_was_not_read_comes_with_it(home):
    erase_shop(home)
    home.shop.order(OTHERS_ORDER + 1, customer=OTHER, days=0.4)
    home.sync()
    new = (OTHERS_ORDER + 2, OTHERS_ORDER + 3)
    home.shop.clock.sleep(86_400)
    for number, days in zip(new, (0.4, 0.1), strict=True):
        home.shop.order(number, customer=OTHER, days=days)
        home.shop.refund(number, order=number, line=number * 100, days=days)
    home.shop.faults = ["CANCELED"] * MAX_ATTEMPTS
    home.sync()
    assert alive(home, "refunds") == []
    # It goes back further than the hour before the newest change.
    home.sync()
    assert alive(home, "refunds") == list(new)


def test_an_order_file_of_a_shop_that_was_erased_whole_is_read_from_then_on(home, planted):
    orders = OrderSource(orders=planted.settings.home.parent / "orders_export_1.csv")
    whole = prepare_lines(planted.settings, orders)
    asked = home.request(
        kind="shop", subjects=[], order_numbers=[], requested_at="2024-06-01T00:00:00Z"
    )
    erasing.erase(home.settings, asked)
    give_consents(home.settings.home)
    later = "ordered_at > TIMESTAMP '2024-06-01'"
    read = prepare_lines(home.settings, orders)
    columns = "order_id, customer_id, product_id, ordered_at"
    kept = duckdb.sql(f"SELECT {columns} FROM '{read.path}'").fetchall()
    new = duckdb.sql(f"SELECT {columns} FROM '{whole.path}' WHERE {later}").fetchall()
    assert sorted(kept) == sorted(new)
    assert 0 < len(kept) < whole.report["lines"]
    erasing.erase(home.settings, msgspec.structs.replace(asked, id="r-18", requested_at=SHOP_ASKED))
    give_consents(home.settings.home)
    with pytest.raises(OrderError, match="at least one usable order line"):
        prepare_lines(home.settings, orders)


def test_public_orders_stay_when_a_shop_is_erased_whole(home):
    erase_shop(home)
    query = "SELECT 'A' AS customer, 1 AS order_id, TIMESTAMP '2017-01-01' AS ordered_at"
    for own_data, rows in ((True, 0), (False, 1)):
        who = erased.gone_from(home.settings, own_data=own_data)
        with duckdb.connect() as connection:
            read = erased.without(connection, who, query)
            assert len(connection.execute(read).fetchall()) == rows


def test_what_stays_away_is_no_reason_to_read_a_shop_again(home):
    erase_shop(home)
    placed = {"createdAt": BEFORE, "processedAt": BEFORE}
    home.shop.order(FIRST_ORDER, customer=SUBJECT, days=0.2, **placed)
    marks = []
    for _ in range(3):
        home.sync()
        current = ShopLake.of(home.settings).current()
        assert current.behind == {}
        marks.append(current.watermarks["orders"])
        home.shop.clock.sleep(86_400)
    newest = home.shop.nodes[f"gid://shopify/Order/{FIRST_ORDER}"]["updatedAt"]
    assert marks == [newest] * 3


def test_an_order_no_record_names_stays_away_with_its_dispute_when_only_that_is_read(home):
    erasing.erase(home.settings, home.request())
    unknown = FIRST_ORDER + 1
    placed = {"createdAt": BEFORE, "processedAt": BEFORE}
    home.shop.order(unknown, customer=SUBJECT, days=0.1, **placed)
    home.shop.order(OTHERS_ORDER + 1, customer=OTHER, days=0.1)
    for number, order in enumerate((unknown, OTHERS_ORDER, OTHERS_ORDER + 1)):
        home.shop.dispute(number, order)
    for _ in range(3):
        home.sync()
        assert alive(home, "disputes") == [OTHERS_ORDER, OTHERS_ORDER + 1]
        assert ShopLake.of(home.settings).current().behind == {}
        # Beyond the overlap: what did not change is not read again.
        home.shop.clock.sleep(86_400)
        home.shop.order(OTHERS_ORDER + 2, customer=OTHER, days=0)
    assert home.found(SUBJECT, texts=[str(unknown)]) == set()


def test_orders_of_records_of_earlier_releases_stay_away_too(home):
    record = erasing.erase(home.settings, home.request())
    old = msgspec.structs.replace(
        record,
        until="",
        orders_keyed=(),
        orders_sha256=(subject_digest(str(FIRST_ORDER)),),
    )
    redaction_files.write_record(home.lake, old)
    home.shop.order(FIRST_ORDER, customer=None, days=0.1)
    home.sync()
    assert home.found(SUBJECT, texts=[str(FIRST_ORDER)]) == set()


def test_records_of_several_are_taken_together(home):
    erasing.erase(home.settings, home.request())
    subjects = [home.pseudonym(OTHER)]
    erasing.erase(home.settings, home.request(id="r-18", subjects=subjects, order_numbers=[]))
    records = [redaction_files.record_of(home.lake, name) for name in ("r-17", "r-18")]
    both = erased.load(home.lake)
    assert set(both.subjects) == {name for each in records for name in each.subjects_sha256}
    assert set(both.orders) == {name for each in records for name in each.orders_keyed}
