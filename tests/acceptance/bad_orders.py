"""A shop's order file on a good night, and each way it can be bad on the next one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tests.training.made_up_shop import HEADER, made_up_orders

# Enough of them that a single day says something.
SHOPPERS = 200
FORM = "%Y-%m-%d %H:%M:%S %z"
Rows = list[dict[str, str]]


class Bad(NamedTuple):
    """``step``: where the night stops; ``column``: what is named; ``seen``: what a row shows."""

    check: str
    step: str
    column: str
    rows: Rows
    seen: str
    price: pa.DataType = pa.float64()
    later: timedelta = timedelta(0)


def good_orders() -> Rows:
    """Rows as the admin's export has them, whole orders."""
    return made_up_orders(weeks=34, shoppers=SHOPPERS)


def write(path: Path, rows: Rows, price: pa.DataType | None = None) -> None:
    """The file of a night, always at the same place; prices are numbers."""
    columns = {name: [row.get(name) or None for row in rows] for name in HEADER}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    place = table.column_names.index("Lineitem price")
    typed = table.column(place).cast(price or pa.float64())
    pq.write_table(table.set_column(place, "Lineitem price", typed), path)


def last_moment(rows: Rows) -> datetime:
    """Of the newest order."""
    return max(_moment(row) for row in rows if row.get("Created at"))


def every_kind(rows: Rows) -> list[Bad]:
    """The eight, each with what the night has to say of it."""
    last, day = last_moment(rows), _busy_day(rows)
    twice = [*rows, *_again(rows, day)]
    ahead = {"Created at": (last + timedelta(days=40)).strftime(FORM)}
    newest = _orders_of(rows, day)
    return [
        Bad("schema change", "check", "Lineitem price", rows, "VARCHAR", price=pa.string()),
        Bad("duplicated day", "check", "ordered_at", twice, f"{day:%Y-%m-%d}"),
        Bad("clock skew", "check", "ordered_at", _changed(rows, _last_order(rows), ahead), "#"),
        Bad("negative price", "pseudonymise", "Lineitem price", _negative(rows), "-3.5"),
        Bad(
            "currency mix",
            "pseudonymise",
            "Currency",
            _changed(rows, _last_order(rows), {"Currency": "USD"}),
            "USD",
        ),
        Bad("all-null column", "check", "customer_id", _changed(rows, newest, {"Email": ""}), "#"),
        Bad("unseen categories", "check", "product_id", _renumbered(rows, newest), "#"),
        Bad("a table that stops", "check", "ordered_at", rows, "#", later=timedelta(days=5)),
    ]


def _moment(row: dict[str, str]) -> datetime:
    return datetime.strptime(row["Created at"], FORM).astimezone(UTC)


def _busy_day(rows: Rows) -> datetime:
    """The newest day: the orders of a made-up week end on the sixth day's morning."""
    return last_moment(rows).replace(hour=0, minute=0, second=0)


def _orders_of(rows: Rows, day: datetime) -> set[str]:
    begin, end = day, day + timedelta(days=1)
    heads = (row for row in rows if row.get("Created at"))
    return {row["Name"] for row in heads if begin <= _moment(row) < end}


def _last_order(rows: Rows) -> set[str]:
    return {rows[-1]["Name"]}


def _changed(rows: Rows, orders: set[str], change: dict[str, str]) -> Rows:
    """With something else in the first lines of these orders."""
    return [
        row | change if row["Name"] in orders and row.get("Created at") else row for row in rows
    ]


def _again(rows: Rows, day: datetime) -> Rows:
    """The orders of a day once more, under other numbers: loaded twice."""
    orders = _orders_of(rows, day)
    return [row | {"Name": f"{row['Name']}-2"} for row in rows if row["Name"] in orders]


def _negative(rows: Rows) -> Rows:
    return [*rows[:-1], rows[-1] | {"Lineitem price": "-3.5"}]


def _renumbered(rows: Rows, orders: set[str]) -> Rows:
    """Products under numbers nobody knows: what a migration of the catalogue does."""
    return [
        row | {"Lineitem sku": f"NEW-{row['Lineitem sku']}"} if row["Name"] in orders else row
        for row in rows
    ]
