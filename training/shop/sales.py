"""From a shop's canonical tables to one file of sales and returns, as its mapping reads it.

Defined in Ibis. The file lies in the shop's lake and goes with the tables it was made of.
"""

from pathlib import Path
from typing import Any

import ibis

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from training import atomic
from training.fingerprint import source_digest
from training.order_file import literal
from training.orders import connect
from training.settings import Settings
from training.shop.columns import KEPT, TABLES, Table
from training.shop.tables import SALES, Current, ShopLake

FILE = "shop.parquet"
UNPAID = ("PENDING", "VOIDED", "EXPIRED", "AUTHORIZED")
CODE = ("training/shop/sales.py", "training/shop/columns.py")
IBIS_TYPES = {"BIGINT": "int64", "INTEGER": "int32", "VARCHAR": "string", "BOOLEAN": "boolean"}
IBIS_TYPES |= {"TIMESTAMP": "timestamp(6)", "DECIMAL(18, 4)": "decimal(18, 4)"}


def sales_file(settings: Settings) -> Path:
    """The file of the tables as they stand, made if it is not there; raises NotSynced."""
    lake = ShopLake.of(settings)
    with lake.reading() as current:
        code = source_digest(*CODE)[:8]
        place = lake.folder / SALES / f"{current.generation:06d}-{code}"
        if not place.is_dir():
            _write(lake, current, place, settings)
        return place / FILE


def check_key(settings: Settings, key: Pseudonymizer) -> None:
    """Raises ContractError where the tables name customers under another key."""
    current = ShopLake.of(settings).current()
    if current is not None and current.pseudonym_key_id != key.key_id:
        raise ContractError(
            "--pseudonym-key-file",
            f"the key the shop was synced with, {current.pseudonym_key_id}",
            key.key_id,
            "Sync with this key: training shop sync --full.",
        )


def _write(lake: ShopLake, current: Current, place: Path, settings: Settings) -> None:
    connection = connect(settings.training_memory, settings.training_threads)
    try:
        for table in TABLES.values():
            connection.execute(_view(lake, current, table))
        whole = sales({name: _table(table) for name, table in TABLES.items()})
        select = ibis.to_sql(whole.order_by("sold_at", "order", "line"), dialect="duckdb")
        with atomic.folder(place) as made:
            target = literal((made / FILE).as_posix())
            connection.execute(f"COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
    finally:
        connection.close()


def _view(lake: ShopLake, current: Current, table: Table) -> str:
    """What the shop has of a table now; nothing where it was not synced."""
    contents = current.tables.get(table.name)
    if contents is not None:
        path = literal((lake.folder / contents.file).as_posix())
        source = f"FROM read_parquet({path}) WHERE deleted_at IS NULL"
    else:
        empty = [f"NULL::{column.type} AS {column.name}" for column in (*table.columns, *KEPT)]
        source = f"SELECT {', '.join(empty)} LIMIT 0"
    return f"CREATE TEMP VIEW {table.name} AS {source}"


def _table(table: Table) -> Any:
    columns = {column.name: IBIS_TYPES[column.type] for column in (*table.columns, *KEPT)}
    return ibis.table(columns, name=table.name)


def sales(tables: dict[str, Any]) -> Any:
    """Every line that was sold, and every line that came back, at its own time."""
    sold = _sold(tables)
    refunds = tables["refunds"]
    back = refunds.filter(refunds.quantity > 0).select(
        "refund_id", "line_id", refunded_at="created_at", returned="quantity"
    )
    returns = back.join(sold, back.line_id == sold.line).mutate(
        order=ibis.literal("R") + back.refund_id.cast("string"),
        sold_at=back.refunded_at,
        quantity=back.returned,
        kind=ibis.literal("return"),
    )
    # The discount is of the units sold.
    each = returns.each_discount * returns.quantity
    returns = returns.mutate(discount=each)
    kept = [name for name in sold.columns if name != "each_discount"]
    return sold.select(kept).union(returns.select(kept))


def _sold(tables: dict[str, Any]) -> Any:
    joined = _joined(tables)
    returned = joined.returned.fill_null(0)
    units = ibis.least(
        joined.quantity, joined.current_quantity.fill_null(joined.quantity) + returned
    )
    price = joined.unit_price.fill_null(joined.paid_price)
    each = ibis.greatest(price - joined.paid_price.fill_null(price), 0).cast("decimal(18, 4)")
    same = joined.cost_currency.isnull() | (joined.cost_currency == joined.currency)
    return joined.select(
        order=joined.order_id.cast("string"),
        line=joined.line_id,
        sold_at=joined.processed_at,
        customer_pseudonym=joined.customer_id,
        product=joined.product_id,
        title=joined.title,
        category=joined.product_type.nullif(""),
        quantity=units,
        price=price,
        list_price=ibis.greatest(joined.compare_at_price, price),
        discount=each * units,
        each_discount=each,
        currency=joined.currency,
        unit_cost=same.ifelse(joined.unit_cost, None),
        kind=ibis.literal("sale"),
        shop_left_out=_left_out(joined),
    )


def _joined(tables: dict[str, Any]) -> Any:
    """Lines that were sold, each with what the other tables say of it."""
    lines, orders, refunds = tables["order_lines"], tables["orders"], tables["refunds"]
    came_back = refunds.group_by("line_id").aggregate(returned=refunds.quantity.sum())
    orders = orders.select(
        "order_id",
        "processed_at",
        "currency",
        "customer_id",
        "test",
        "cancelled_at",
        "financial_status",
    )
    costs = tables["inventory_items"].select("inventory_item_id", "unit_cost", "cost_currency")
    variants = tables["variants"].select("variant_id", "compare_at_price", "inventory_item_id")
    products = tables["products"].select("product_id", "title", "product_type")
    customers = tables["customers"].select("customer_id", "data_sale_opt_out")
    return (
        lines.drop("updated_at", "synced_at", "deleted_at")
        .join(orders, "order_id")
        .left_join(came_back, "line_id")
        .drop("line_id_right")
        .left_join(products, "product_id")
        .drop("product_id_right")
        .left_join(variants, "variant_id")
        .drop("variant_id_right")
        .left_join(costs, "inventory_item_id")
        .drop("inventory_item_id_right")
        .left_join(customers, "customer_id")
        .drop("customer_id_right")
    )


def _left_out(joined: Any) -> Any:
    return ibis.cases(
        (joined.test.fill_null(False), "test"),
        (joined.cancelled_at.notnull(), "cancelled"),
        (joined.financial_status.isin(UNPAID), "unpaid"),
        (joined.data_sale_opt_out.fill_null(False), "opted out"),
        (joined.gift_card.fill_null(False), "gift card"),
        else_=None,
    )
