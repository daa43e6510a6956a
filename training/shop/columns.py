"""The columns a shop's lake may hold, and nothing beside them: the allow-list of the sync.

A field that is not listed here is never asked for and never kept. No column holds what a
shopper or a member of staff typed: texts are codes of a known form, or the merchant's own
product names. ``python -m training.shop.columns docs/shop-data.md`` redraws the page.
"""

import sys
from pathlib import Path

import msgspec

from bentos import drawn

MONEY = "DECIMAL(18, 4)"
TIME = "TIMESTAMP"
SOURCE = "training/shop/columns.py"


class Column(msgspec.Struct, frozen=True):
    """One column: its name, DuckDB's type of it, what it means."""

    name: str
    type: str
    meaning: str


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One canonical table. ``parent`` is the column that names the row it belongs to."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    parent: str | None = None
    about: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns a row is read into, in order."""
        return tuple(column.name for column in self.columns)


# What the sync adds to every row.
KEPT = (
    Column("synced_at", TIME, "when this row was last read, UTC"),
    Column("deleted_at", TIME, "when it was found gone; all else but the ids is then null"),
)

ORDERS = Table(
    name="orders",
    key=("order_id",),
    about="One order.",
    columns=(
        Column("order_id", "BIGINT", "number of the order's gid"),
        Column("created_at", TIME, "when it was placed, UTC"),
        Column("processed_at", TIME, "when it counts as placed (imported orders), UTC"),
        Column("updated_at", TIME, "Shopify's last change of it, UTC"),
        Column("cancelled_at", TIME, "when it was cancelled, UTC"),
        Column("cancel_reason", "VARCHAR", "`FRAUD`, `CUSTOMER`, …"),
        Column("test", "BOOLEAN", "a test order; never trained on"),
        Column("source", "VARCHAR", "`web`, `pos`, `draft`, `app` or `other`"),
        Column("financial_status", "VARCHAR", "`PAID`, `REFUNDED`, …"),
        Column("currency", "VARCHAR", "the shop's currency, of every amount"),
        Column("total", MONEY, "what is owed now, after edits and refunds"),
        Column("discounts", MONEY, "discounts of the whole order"),
        Column("refunded", MONEY, "what was paid back"),
        Column("discount_codes", "INTEGER", "how many codes were used; never which"),
        Column("customer_id", "VARCHAR", "pseudonym of the customer (contract §1)"),
        Column("billing_matches_shipping", "BOOLEAN", "both addresses are one"),
        Column("shipping_country", "VARCHAR", "country code"),
        Column("billing_country", "VARCHAR", "country code"),
        Column("risk", "VARCHAR", "Shopify's recommendation: `ACCEPT`, `INVESTIGATE`, …"),
        Column("gateways", "INTEGER", "how many payment gateways took part"),
        Column("avs", "VARCHAR", "address check of the card, its letter"),
        Column("cvv", "VARCHAR", "security code check of the card, its letter"),
        Column("failed_payments", "INTEGER", "transactions that failed"),
        Column("disputed", "BOOLEAN", "a dispute was opened"),
    ),
)
ORDER_LINES = Table(
    name="order_lines",
    key=("line_id",),
    parent="order_id",
    about="One line of an order. It is as new as its order: lines change with it.",
    columns=(
        Column("line_id", "BIGINT", "number of the line item's gid"),
        Column("order_id", "BIGINT", "the order it belongs to"),
        Column("updated_at", TIME, "the order's last change, UTC"),
        Column("product_id", "BIGINT", "null: a custom line, or a product deleted since"),
        Column("variant_id", "BIGINT", "null likewise"),
        Column("quantity", "BIGINT", "ordered"),
        Column("current_quantity", "BIGINT", "left after edits and refunds"),
        Column("unit_price", MONEY, "before discounts"),
        Column("paid_price", MONEY, "a unit after all discounts"),
        Column("gift_card", "BOOLEAN", "a gift card, which is money and no goods"),
    ),
)
CUSTOMERS = Table(
    name="customers",
    key=("customer_id",),
    about="One customer, under a pseudonym.",
    columns=(
        Column("customer_id", "VARCHAR", "pseudonym (contract §1)"),
        Column("created_at", TIME, "first seen by the shop, UTC"),
        Column("updated_at", TIME, "Shopify's last change, UTC"),
        Column("orders", "BIGINT", "orders so far"),
        Column("spent", MONEY, "spent so far"),
        Column("currency", "VARCHAR", "of `spent`"),
        Column("data_sale_opt_out", "BOOLEAN", "opted out of the sale of data; never trained on"),
        Column("marketing", "VARCHAR", "state of e-mail marketing: `SUBSCRIBED`, …"),
    ),
)
PRODUCTS = Table(
    name="products",
    key=("product_id",),
    about="One product.",
    columns=(
        Column("product_id", "BIGINT", "number of the product's gid"),
        Column("created_at", TIME, "UTC"),
        Column("updated_at", TIME, "Shopify's last change, UTC"),
        Column("published_at", TIME, "null: not published, UTC"),
        Column("title", "VARCHAR", "the merchant's name of it"),
        Column("product_type", "VARCHAR", "the merchant's category"),
        Column("vendor", "VARCHAR", "who makes it"),
        Column("status", "VARCHAR", "`ACTIVE`, `ARCHIVED`, `DRAFT`, `UNLISTED`"),
    ),
)
VARIANTS = Table(
    name="variants",
    key=("variant_id",),
    parent="product_id",
    about="One variant of a product.",
    columns=(
        Column("variant_id", "BIGINT", "number of the variant's gid"),
        Column("product_id", "BIGINT", "the product it belongs to"),
        Column("updated_at", TIME, "Shopify's last change, UTC"),
        Column("sku", "VARCHAR", "the merchant's article number"),
        Column("price", MONEY, "as offered"),
        Column("compare_at_price", MONEY, "as struck out"),
        Column("available", "BOOLEAN", "can be bought now"),
        Column("stock", "BIGINT", "units in all places"),
        Column("inventory_item_id", "BIGINT", "its row in `inventory_items`"),
    ),
)
INVENTORY_ITEMS = Table(
    name="inventory_items",
    key=("inventory_item_id",),
    about="What a variant costs, and whether its stock is counted.",
    columns=(
        Column("inventory_item_id", "BIGINT", "number of the inventory item's gid"),
        Column("updated_at", TIME, "Shopify's last change, UTC"),
        Column("tracked", "BOOLEAN", "stock is counted"),
        Column("unit_cost", MONEY, "what a unit costs the shop, where it says so"),
        Column("cost_currency", "VARCHAR", "of `unit_cost`"),
    ),
)
INVENTORY = Table(
    name="inventory",
    key=("inventory_item_id", "location_id"),
    parent="inventory_item_id",
    about="Stock of one item in one place.",
    columns=(
        Column("inventory_item_id", "BIGINT", "the item"),
        Column("location_id", "BIGINT", "the place"),
        Column("updated_at", TIME, "Shopify's last change, UTC"),
        Column("available", "BIGINT", "units that can be sold"),
    ),
)
REFUNDS = Table(
    name="refunds",
    key=("refund_id", "line_id"),
    parent="order_id",
    about="One line of a refund; a refund of money alone is one row with line 0.",
    columns=(
        Column("refund_id", "BIGINT", "number of the refund's gid"),
        Column("line_id", "BIGINT", "the order line that came back; 0: money alone"),
        Column("order_id", "BIGINT", "its order"),
        Column("created_at", TIME, "when it was refunded, UTC"),
        Column("updated_at", TIME, "Shopify's last change, UTC"),
        Column("quantity", "BIGINT", "units that came back"),
        Column("amount", MONEY, "paid back for them, without tax"),
        Column("currency", "VARCHAR", "of `amount`"),
        Column("restock", "VARCHAR", "`RETURN`, `CANCEL`, `NO_RESTOCK`"),
    ),
)
DISPUTES = Table(
    name="disputes",
    key=("dispute_id",),
    about="One chargeback or inquiry (Shopify Payments).",
    columns=(
        Column("dispute_id", "BIGINT", "number of the dispute's gid"),
        Column("order_id", "BIGINT", "its order"),
        Column("created_at", TIME, "when it was opened, UTC"),
        Column("updated_at", TIME, "when it was decided, else opened: Shopify says no more, UTC"),
        Column("kind", "VARCHAR", "`CHARGEBACK` or `INQUIRY`"),
        Column("status", "VARCHAR", "`WON`, `LOST`, `NEEDS_RESPONSE`, …"),
        Column("reason", "VARCHAR", "`FRAUDULENT`, `PRODUCT_NOT_RECEIVED`, …"),
        Column("amount", MONEY, "disputed"),
        Column("currency", "VARCHAR", "of `amount`"),
    ),
)
TABLES = {
    table.name: table
    for table in (
        ORDERS,
        ORDER_LINES,
        CUSTOMERS,
        PRODUCTS,
        VARIANTS,
        INVENTORY_ITEMS,
        INVENTORY,
        REFUNDS,
        DISPUTES,
    )
}


def drawing() -> str:
    """Every table with its columns, as Markdown."""
    parts = []
    for table in TABLES.values():
        rows = [
            f"| `{column.name}` | {column.type} | {column.meaning} |" for column in table.columns
        ]
        key = ", ".join(f"`{name}`" for name in table.key)
        head = f"**{table.name}** — {table.about} Key: {key}."
        parts.append("\n".join((head, "", "| column | type | meaning |", "|---|---|---|", *rows)))
    rows = [f"| `{column.name}` | {column.type} | {column.meaning} |" for column in KEPT]
    head = "**Every table** also has:"
    parts.append("\n".join((head, "", "| column | type | meaning |", "|---|---|---|", *rows)))
    return "\n\n".join(parts)


def redraw(page: str) -> str:
    """The page with its tables made anew; raises ContractError without the markers."""
    return drawn.redraw(page, SOURCE, drawing())


def main() -> None:
    """Rewrite the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(redraw(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
