"""The stand-in's own records as the lake should hold them, read without the sync's code."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from bentos.contract.identity import Pseudonymizer, key_fingerprint

PAGE = 1000
QUERIES = {
    "orders": (
        "order_id, updated_at::VARCHAR, total, refunded, test, financial_status, customer_id, "
        "discount_codes, shipping_country"
    ),
    "order_lines": (
        "line_id, order_id, updated_at::VARCHAR, product_id, variant_id, quantity, "
        "current_quantity, unit_price, paid_price"
    ),
    "customers": "customer_id, updated_at::VARCHAR, data_sale_opt_out",
    "products": "product_id, updated_at::VARCHAR, title, product_type, status",
    "variants": "variant_id, product_id, sku, price, inventory_item_id",
    "inventory_items": "inventory_item_id, unit_cost, tracked",
    "inventory": "inventory_item_id, location_id, available",
    "refunds": "refund_id, line_id, order_id, created_at::VARCHAR, quantity, amount, restock",
}

Rows = dict[str, dict[bytes, int]]
"""Table → digest of a row → how often it is there."""


def source_rows(home: Path, shop: Any) -> Rows:
    """What the shop holds, under the pseudonyms of this home."""
    found: Rows = {table: {} for table in QUERIES}
    for table, row in _source(home, shop):
        _count(found[table], row, 1)
    return found


def differing(source: Rows, home: Path) -> dict[str, int]:
    """For each table, how many rows are only in the source or only in the lake."""
    current = home / "lake" / "shop"
    return {
        table: _differing(source[table], columns, sorted((current / table).glob("*.parquet")))
        for table, columns in QUERIES.items()
    }


def _differing(source: dict[bytes, int], columns: str, files: list[Path]) -> int:
    left = dict(source)
    for file in files:
        query = f"SELECT {columns} FROM '{file}' WHERE deleted_at IS NULL"  # noqa: S608 - ours
        rows = duckdb.connect().execute(query)
        while some := rows.fetchmany(10_000):
            for row in some:
                _count(left, row, -1)
    return sum(map(abs, left.values()))


def _count(counts: dict[bytes, int], row: tuple[Any, ...], step: int) -> None:
    plain = [str(value.normalize()) if isinstance(value, Decimal) else value for value in row]
    key = hashlib.blake2b(repr(plain).encode(), digest_size=12).digest()
    left = counts.get(key, 0) + step
    if left:
        counts[key] = left
    else:
        counts.pop(key, None)


def _source(home: Path, shop: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    key = bytes.fromhex((home / "keys" / "pseudonym.key").read_text())
    pseudonyms = Pseudonymizer(key_fingerprint(key), key)

    def name(number: int | None) -> str | None:
        return (
            None if number is None else pseudonyms.pseudonym("demo-shop", "customer", str(number))
        )

    for record in _records(shop, "Order"):
        body, at = record["body"], _at(record["updatedAt"])
        address = body.get("shippingAddress") or {}
        yield (
            "orders",
            (
                record["number"],
                at,
                _money(body["currentTotalPriceSet"]),
                _money(body["totalRefundedSet"]),
                body["test"],
                body["displayFinancialStatus"],
                name(body.get("customer")),
                len(body["discountCodes"]),
                address.get("countryCodeV2"),
            ),
        )
        for line in body["lineItems"]:
            yield "order_lines", _line(line, record["number"], at)
    for record in _records(shop, "Customer"):
        row = (name(record["number"]), _at(record["updatedAt"]), record["body"]["dataSaleOptOut"])
        yield "customers", row
    yield from _goods(shop)
    for record in _records(shop, "Refund"):
        body = record["body"]
        for line in body["refundLineItems"]:
            yield (
                "refunds",
                (
                    record["number"],
                    _number(line["lineItem"]["id"]),
                    body["order"],
                    _at(record["createdAt"]),
                    line["quantity"],
                    _money(line["subtotalSet"]),
                    line["restockType"],
                ),
            )


def _goods(shop: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for record in _records(shop, "Product"):
        body = record["body"]
        row = (
            record["number"],
            _at(record["updatedAt"]),
            body["title"],
            body["productType"],
            body["status"],
        )
        yield "products", row
    for record in _records(shop, "ProductVariant"):
        body = record["body"]
        row = (
            record["number"],
            body["product"],
            body["sku"],
            _money(body["price"]),
            body["inventoryItem"],
        )
        yield "variants", row
    for record in _records(shop, "InventoryItem"):
        body = record["body"]
        yield "inventory_items", (record["number"], _money(body["unitCost"]), body["tracked"])
    for record in _records(shop, "InventoryLevel"):
        body = record["body"]
        yield "inventory", (body["item"], body["location"], body["quantity"])


def _line(line: dict[str, Any], order: int, at: str) -> tuple[Any, ...]:
    return (
        _number(line["id"]),
        order,
        at,
        line["product"],
        line["variant"],
        line["quantity"],
        line["currentQuantity"],
        _money(line["originalUnitPriceSet"]),
        _money(line["discountedUnitPriceAfterAllDiscountsSet"]),
    )


def _records(shop: Any, kind: str) -> Iterator[dict[str, Any]]:
    after = -1
    while page := shop.control("GET", f"shop/{kind}?limit={PAGE}&after={after}"):
        yield from page
        after = page[-1]["number"]


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _at(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")
