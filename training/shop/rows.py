"""A line of a bulk result, or a node of a page, to rows of the canonical tables.

Pure, and one line at a time: no line needs another, so their order means nothing. Customers
become pseudonyms here, before anything is written anywhere.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec

from training.shop import nodes, values
from training.shop.errors import Unreadable

Value: TypeAlias = str | int | bool | datetime | None
Row: TypeAlias = tuple[str, tuple[Value, ...]]
"The table, and the values of its columns in their order."
Read = TypeVar("Read")

MAX_TEXT = 255
"Of a product's texts; Shopify allows as many."

_line = msgspec.json.Decoder(nodes.Line)


class Seen(msgspec.Struct, frozen=True):
    """One id of a sweep, and how new it is."""

    id: str
    updated_at: datetime = msgspec.field(name="updatedAt")


class Rows:
    """Makes rows; ``name_customer`` turns a customer's number into the pseudonym."""

    def __init__(self, name_customer: Callable[[str], str]) -> None:
        self._name = name_customer
        self._readers: dict[str, Callable[[bytes, str | None], Row]] = {
            "Order": self._order,
            "LineItem": _order_line,
            "Customer": self._customer,
            "Product": _product,
            "ProductVariant": _variant,
            "InventoryItem": _inventory_item,
            "InventoryLevel": _inventory,
        }

    def of_line(self, line: bytes) -> Row:
        """The row of one line of JSONL; raises Unreadable, without the line's contents."""
        head = _decode(_line, line, "id")
        kind, _ = values.gid(head.id)
        reader = self._readers.get(kind)
        if reader is None:
            raise Unreadable("bulk line id", f"a gid of {sorted(self._readers)}", kind)
        return reader(line, head.parent)

    def seen(self, line: bytes) -> tuple[str | int, datetime]:
        """The key of a row and how new it is, of a line of a sweep."""
        entry = _decode(_seen, line, "sweep")
        kind, number = values.gid(entry.id)
        moment = values.utc(entry.updated_at)
        return (self._name(str(number)) if kind == "Customer" else number, moment)

    def of_refunds(self, order: nodes.RefundedOrder) -> Iterator[Row]:
        """Every line of every refund of an order, as far as the page goes."""
        for refund in order.refunds:
            lines = refund.refund_line_items.nodes
            for line in lines:
                yield refund_row(order.id, refund, line)
            if not lines:
                yield refund_row(order.id, refund, None)

    def of_dispute(self, dispute: nodes.Dispute) -> Row:
        """A dispute's row."""
        reason = dispute.reason_details.reason if dispute.reason_details else None
        amount = dispute.amount
        return (
            "disputes",
            (
                values.gid(dispute.id)[1],
                values.number(dispute.order),
                values.utc(dispute.initiated_at),
                values.utc(dispute.finalized_on or dispute.initiated_at),
                values.code(dispute.type),
                values.code(dispute.status),
                values.code(reason),
                values.decimal(amount.amount) if amount else None,
                values.code(amount.currency_code if amount else None, values.CURRENCY),
            ),
        )

    def _order(self, line: bytes, _parent: str | None) -> Row:
        order = _decode(_order_node, line, "Order")
        total = order.current_total_price_set
        customer = order.customer
        card = _card(order.transactions)
        return (
            "orders",
            (
                values.gid(order.id)[1],
                values.utc(order.created_at),
                values.utc(order.processed_at or order.created_at),
                values.utc(order.updated_at),
                values.utc(order.cancelled_at),
                values.code(order.cancel_reason),
                order.test,
                values.source(order.source_name),
                values.code(order.display_financial_status),
                values.code(total.shop_money.currency_code if total else None, values.CURRENCY),
                values.amount(total),
                values.amount(order.total_discounts_set),
                values.amount(order.total_refunded_set),
                len(order.discount_codes),
                self._name(str(values.gid(customer.id)[1])) if customer else None,
                order.billing_address_matches_shipping_address,
                values.country(order.shipping_address),
                values.country(order.billing_address),
                values.code(order.risk.recommendation if order.risk else None),
                len(order.payment_gateway_names),
                values.code(card.avs_result_code, values.LETTER),
                values.code(card.cvv_result_code, values.LETTER),
                sum(tried.status in {"FAILURE", "ERROR"} for tried in order.transactions),
                bool(order.disputes),
            ),
        )

    def _customer(self, line: bytes, _parent: str | None) -> Row:
        customer = _decode(_customer_node, line, "Customer")
        spent, address = customer.amount_spent, customer.default_email_address
        return (
            "customers",
            (
                self._name(str(values.gid(customer.id)[1])),
                values.utc(customer.created_at),
                values.utc(customer.updated_at),
                int(customer.number_of_orders),
                values.decimal(spent.amount) if spent else None,
                values.code(spent.currency_code if spent else None, values.CURRENCY),
                customer.data_sale_opt_out,
                values.code(address.marketing_state if address else None),
            ),
        )


def refund_row(order: str, refund: nodes.Refund, line: nodes.RefundLineItem | None) -> Row:
    """One line of a refund; None where money alone was paid back."""
    paid = line.subtotal_set if line else refund.total_refunded_set
    return (
        "refunds",
        (
            values.gid(refund.id)[1],
            values.gid(line.line_item.id)[1] if line else 0,
            values.gid(order)[1],
            values.utc(refund.created_at or refund.updated_at),
            values.utc(refund.updated_at),
            line.quantity if line else 0,
            values.amount(paid),
            values.code(paid.shop_money.currency_code if paid else None, values.CURRENCY),
            values.code(line.restock_type if line else None),
        ),
    )


_order_node = msgspec.json.Decoder(nodes.Order)
_line_item_node = msgspec.json.Decoder(nodes.LineItem)
_customer_node = msgspec.json.Decoder(nodes.Customer)
_product_node = msgspec.json.Decoder(nodes.Product)
_variant_node = msgspec.json.Decoder(nodes.Variant)
_inventory_item_node = msgspec.json.Decoder(nodes.InventoryItem)
_inventory_level_node = msgspec.json.Decoder(nodes.InventoryLevel)
_seen = msgspec.json.Decoder(Seen)


def _decode(decoder: "msgspec.json.Decoder[Read]", line: bytes, what: str) -> Read:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # The cause may quote the line, which names people.
        problem = str(error) if isinstance(error, msgspec.ValidationError) else "no JSON"
        raise Unreadable(what, "a node of the 2026-10 schema", problem) from None


def _order_line(line: bytes, parent: str | None) -> Row:
    item = _decode(_line_item_node, line, "LineItem")
    return (
        "order_lines",
        (
            values.gid(item.id)[1],
            values.parent(parent, "Order"),
            None,
            values.number(item.product),
            values.number(item.variant),
            item.quantity,
            item.current_quantity,
            values.amount(item.original_unit_price_set),
            values.amount(item.discounted_unit_price_after_all_discounts_set),
            item.is_gift_card,
        ),
    )


def _product(line: bytes, _parent_id: str | None) -> Row:
    product = _decode(_product_node, line, "Product")
    return (
        "products",
        (
            values.gid(product.id)[1],
            values.utc(product.created_at),
            values.utc(product.updated_at),
            values.utc(product.published_at),
            product.title[:MAX_TEXT],
            product.product_type[:MAX_TEXT],
            product.vendor[:MAX_TEXT],
            values.code(product.status),
        ),
    )


def _variant(line: bytes, parent: str | None) -> Row:
    variant = _decode(_variant_node, line, "ProductVariant")
    return (
        "variants",
        (
            values.gid(variant.id)[1],
            values.parent(parent, "Product"),
            values.utc(variant.updated_at),
            variant.sku[:MAX_TEXT] if variant.sku else None,
            values.decimal(variant.price),
            values.decimal(variant.compare_at_price),
            variant.available_for_sale,
            variant.inventory_quantity,
            values.number(variant.inventory_item),
        ),
    )


def _inventory_item(line: bytes, _parent_id: str | None) -> Row:
    item = _decode(_inventory_item_node, line, "InventoryItem")
    cost = item.unit_cost
    return (
        "inventory_items",
        (
            values.gid(item.id)[1],
            values.utc(item.updated_at),
            item.tracked,
            values.decimal(cost.amount) if cost else None,
            values.code(cost.currency_code if cost else None, values.CURRENCY),
        ),
    )


def _inventory(line: bytes, parent: str | None) -> Row:
    level = _decode(_inventory_level_node, line, "InventoryLevel")
    available = sum(each.quantity for each in level.quantities if each.name == "available")
    return (
        "inventory",
        (
            values.parent(parent, "InventoryItem"),
            values.gid(level.location.id)[1],
            values.utc(level.updated_at),
            available,
        ),
    )


def _card(transactions: tuple[nodes.Transaction, ...]) -> nodes.PaymentDetails:
    """Of the last card that was tried."""
    cards = [tried.payment_details for tried in transactions if tried.payment_details]
    return cards[-1] if cards else nodes.PaymentDetails()
