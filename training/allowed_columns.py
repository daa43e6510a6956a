"""What may stand in the lake's files of orders: these columns, of these types, and nothing else.

An allow-list: a column nobody listed is not dropped but never selected, and a file that holds one
all the same is refused before it gets its name. No column holds what a shopper typed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bentos.contract.errors import ContractError
from bentos.fraud import schema as fraud
from bentos.pricing import schema as pricing

if TYPE_CHECKING:
    import pyarrow as pa

MONEY = "decimal128(18, 4)"
LINES = {
    "shop": "string",
    "order_id": "string",
    "line": "int32",
    "ordered_at": "timestamp[us]",
    # A pseudonym (contract §1), or null.
    "customer_id": "string",
    "product_id": "int64",
    # The merchant's own words for what they sell.
    "product_label": "string",
    "category": "string",
    "quantity": "int64",
    "unit_price": MONEY,
    "list_price": MONEY,
    "discount": MONEY,
    "currency": "string",
    "unit_cost": MONEY,
    "is_return": "bool",
}
FRAUD = {
    "order_id": "string",
    "ordered_at": "timestamp[us]",
    **dict.fromkeys((*fraud.INPUT_NAMES, *fraud.LOOKED_UP), "float"),
    "label": "uint8",
    "scenario": "string",
    "split": "string",
}
# Customers and orders are dense numbers in it, which name nobody.
RECOMMENDATIONS = {
    "customer": "int32",
    "order_number": "int32",
    "moment": "int64",
    "product_id": "int64",
}
PRICING = {
    "product_id": "int64",
    "week": "int32",
    "held_out": "bool",
    "begins": "date32[day]",
    **dict.fromkeys(
        (*pricing.FEATURE_NAMES, "price", "price_ratio", "unit_cost", "units"), "float"
    ),
}
ALLOWED: dict[str, dict[str, str]] = {
    "lines.parquet": LINES,
    "fraud_orders.parquet": FRAUD,
    "purchases.parquet": RECOMMENDATIONS,
    "product_weeks.parquet": PRICING,
}
# What only datasets of earlier versions hold: they are still read, and people erased from them.
EARLIER: dict[str, frozenset[str]] = {"fraud_orders.parquet": fraud.UNREAD}


class Stray(msgspec.Struct, frozen=True):
    """A column that may not be there, or is of another type."""

    name: str
    type: str


def check(path: Path) -> None:
    """Raise ContractError for a file that is not listed, or holds more or other than it may."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - a sync checks none, and has no room for it

    allowed = ALLOWED.get(path.name)
    if allowed is None:
        raise ContractError(path.name, f"one of {sorted(ALLOWED)}", "a file nobody listed")
    schema = pq.read_schema(path)
    strays = [f"{s.name} ({s.type})" for s in strays_of(schema, allowed)]
    if strays:
        hint = "List it in training/allowed_columns.py, with what it may hold, or do not write it."
        expected = f"the columns {sorted(allowed)} alone, each of its type"
        raise ContractError(f"{path.name} columns", expected, strays, hint)


def check_folder(folder: Path) -> None:
    """``check`` every file of a folder."""
    for path in sorted(folder.iterdir()):
        check(path)


def strays_of(schema: "pa.Schema", allowed: dict[str, str]) -> list[Stray]:
    """Columns that are not allowed as they are."""
    return [
        Stray(field.name, str(field.type))
        for field in schema
        if allowed.get(field.name) != str(field.type)
    ]
