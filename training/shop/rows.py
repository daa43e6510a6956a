"""A line of a bulk result, or a node of a page, to rows of the canonical tables.

Pure, and one line at a time: no line needs another, so their order means nothing. Customers
become pseudonyms here, before anything is written anywhere.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import msgspec

from training.shop import nodes
from training.shop.errors import Unreadable

Value: TypeAlias = str | int | bool | datetime | None
Row: TypeAlias = tuple[str, tuple[Value, ...]]
"The table, and the values of its columns in their order."
Read = TypeVar("Read")

CODE = re.compile("[A-Z][A-Z0-9_]{0,39}")
COUNTRY = re.compile("[A-Z]{2}")
CURRENCY = re.compile("[A-Z]{3}")
AMOUNT = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,9})?")
LETTER = re.compile("[A-Z0-9]")
GID = re.compile(r"gid://shopify/(?P<kind>[A-Za-z]{1,60})/(?P<number>[0-9]{1,18})(?:\?\S{0,200})?")
SOURCES = {"web": "web", "pos": "pos", "shopify_draft_order": "draft"}
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
        kind, _ = gid(head.id)
        reader = self._readers.get(kind)
        if reader is None:
            raise Unreadable("bulk line id", f"a gid of {sorted(self._readers)}", kind)
        return reader(line, head.parent)

    def seen(self, line: bytes) -> tuple[str | int, datetime]:
        """The key of a row and how new it is, of a line of a sweep."""
        entry = _decode(_seen, line, "sweep")
        kind, number = gid(entry.id)
        moment = _utc(entry.updated_at)
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
        return (
            "disputes",
            (
                gid(dispute.id)[1],
                _number(dispute.order),
                _utc(dispute.initiated_at),
                _utc(dispute.finalized_on or dispute.initiated_at),
                _code(dispute.type),
                _code(dispute.status),
                _code(reason),
                _decimal(dispute.amount.amount) if dispute.amount else None,
                _code(dispute.amount.currency_code if dispute.amount else None, CURRENCY),
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
                gid(order.id)[1],
                _utc(order.created_at),
                _utc(order.processed_at or order.created_at),
                _utc(order.updated_at),
                _utc(order.cancelled_at),
                _code(order.cancel_reason),
                order.test,
                _source(order.source_name),
                _code(order.display_financial_status),
                _code(total.shop_money.currency_code if total else None, CURRENCY),
                _amount(total),
                _amount(order.total_discounts_set),
                _amount(order.total_refunded_set),
                len(order.discount_codes),
                self._name(str(gid(customer.id)[1])) if customer else None,
                order.billing_address_matches_shipping_address,
                _country(order.shipping_address),
                _country(order.billing_address),
                _code(order.risk.recommendation if order.risk else None),
                len(order.payment_gateway_names),
                _code(card.avs_result_code, LETTER),
                _code(card.cvv_result_code, LETTER),
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
                self._name(str(gid(customer.id)[1])),
                _utc(customer.created_at),
                _utc(customer.updated_at),
                int(customer.number_of_orders),
                _decimal(spent.amount) if spent else None,
                _code(spent.currency_code if spent else None, CURRENCY),
                customer.data_sale_opt_out,
                _code(address.marketing_state if address else None),
            ),
        )


def gid(text: str) -> tuple[str, int]:
    """Kind and number of a global id; raises Unreadable."""
    found = GID.fullmatch(text)
    if found is None:
        raise Unreadable("id", "gid://shopify/KIND/NUMBER", f"{len(text)} other characters")
    return found["kind"], int(found["number"])


def refund_row(order: str, refund: nodes.Refund, line: nodes.RefundLineItem | None) -> Row:
    """One line of a refund; None where money alone was paid back."""
    paid = line.subtotal_set if line else refund.total_refunded_set
    return (
        "refunds",
        (
            gid(refund.id)[1],
            gid(line.line_item.id)[1] if line else 0,
            gid(order)[1],
            _utc(refund.created_at or refund.updated_at),
            _utc(refund.updated_at),
            line.quantity if line else 0,
            _amount(paid),
            _code(paid.shop_money.currency_code if paid else None, CURRENCY),
            _code(line.restock_type if line else None),
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
            gid(item.id)[1],
            _parent(parent, "Order"),
            None,
            _number(item.product),
            _number(item.variant),
            item.quantity,
            item.current_quantity,
            _amount(item.original_unit_price_set),
            _amount(item.discounted_unit_price_after_all_discounts_set),
            item.is_gift_card,
        ),
    )


def _product(line: bytes, _parent_id: str | None) -> Row:
    product = _decode(_product_node, line, "Product")
    return (
        "products",
        (
            gid(product.id)[1],
            _utc(product.created_at),
            _utc(product.updated_at),
            _utc(product.published_at),
            product.title[:MAX_TEXT],
            product.product_type[:MAX_TEXT],
            product.vendor[:MAX_TEXT],
            _code(product.status),
        ),
    )


def _variant(line: bytes, parent: str | None) -> Row:
    variant = _decode(_variant_node, line, "ProductVariant")
    return (
        "variants",
        (
            gid(variant.id)[1],
            _parent(parent, "Product"),
            _utc(variant.updated_at),
            variant.sku[:MAX_TEXT] if variant.sku else None,
            _decimal(variant.price),
            _decimal(variant.compare_at_price),
            variant.available_for_sale,
            variant.inventory_quantity,
            _number(variant.inventory_item),
        ),
    )


def _inventory_item(line: bytes, _parent_id: str | None) -> Row:
    item = _decode(_inventory_item_node, line, "InventoryItem")
    cost = item.unit_cost
    return (
        "inventory_items",
        (
            gid(item.id)[1],
            _utc(item.updated_at),
            item.tracked,
            _decimal(cost.amount) if cost else None,
            _code(cost.currency_code if cost else None, CURRENCY),
        ),
    )


def _inventory(line: bytes, parent: str | None) -> Row:
    level = _decode(_inventory_level_node, line, "InventoryLevel")
    available = sum(each.quantity for each in level.quantities if each.name == "available")
    return (
        "inventory",
        (
            _parent(parent, "InventoryItem"),
            gid(level.location.id)[1],
            _utc(level.updated_at),
            available,
        ),
    )


def _parent(parent: str | None, kind: str) -> int:
    if parent is None:
        raise Unreadable("__parentId", f"a gid of {kind}", "none")
    found, number = gid(parent)
    if found != kind:
        raise Unreadable("__parentId", f"a gid of {kind}", found)
    return number


def _number(node: nodes.Identified | None) -> int | None:
    return gid(node.id)[1] if node else None


def _amount(money: nodes.ShopMoney | None) -> str | None:
    return _decimal(money.shop_money.amount) if money else None


def _decimal(text: str | None) -> str | None:
    if text is not None and AMOUNT.fullmatch(text) is None:
        raise Unreadable("amount", "a decimal number", f"{len(text)} other characters")
    return text


def _country(address: nodes.Address | None) -> str | None:
    return _code(address.country_code_v2 if address else None, COUNTRY)


def _code(value: str | None, form: re.Pattern[str] = CODE) -> str | None:
    """The value where it has the form of a code; free text must not get in by this way."""
    return value if value is not None and form.fullmatch(value) else None


def _source(name: str | None) -> str | None:
    if name is None:
        return None
    return SOURCES.get(name, "app" if name.isdecimal() else "other")


def _card(transactions: tuple[nodes.Transaction, ...]) -> nodes.PaymentDetails:
    """Of the last card that was tried."""
    cards = [tried.payment_details for tried in transactions if tried.payment_details]
    return cards[-1] if cards else nodes.PaymentDetails()


def _utc(moment: Any) -> Any:
    """As DuckDB keeps times here: in UTC, without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise Unreadable("time", "a time with its zone", "one without")
    return moment.astimezone(UTC).replace(tzinfo=None)
