"""What is kept of a webhook's body until it is applied: numbers, times, closed codes, pseudonyms.

Pure. Nothing a shopper or merchant typed is among it: a code that is not in its closed set
becomes ``other``. So the inbox needs no encryption of its own, and no time to live for it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from bentos.contract.errors import ContractError
from control_plane.shopify import payloads
from control_plane.shopify.codes import code_of
from control_plane.shopify.payloads import BODIES
from control_plane.shopify.subjects import CUSTOMER, Name, subjects_of

MONEY_DIGITS = 12


class Line(Struct, frozen=True):
    """``unit_price`` after the line's discounts, ``list_price`` before them."""

    product: int | None
    variant: int | None
    quantity: int
    unit_price: float
    list_price: float


class Order(Struct, frozen=True):
    """An order. Times are microseconds since 1970; ``offset_s`` leads to the shop's own zone."""

    id: int
    created_us: int
    updated_us: int
    offset_s: int
    customer: str | None
    lines: tuple[Line, ...]
    currency: str | None
    cancelled_us: int | None
    cancel_reason: str | None
    financial_status: str | None
    fulfillment_status: str | None
    test: bool


class DeletedOrder(Struct, frozen=True):
    """An order the merchant deleted."""

    id: int


class Compliance(Struct, frozen=True):
    """A compliance request. ``subjects``: kind → pseudonym."""

    subjects: dict[str, str]
    orders: tuple[int, ...]
    data_request: int | None


class Refund(Struct, frozen=True):
    """Money and goods that went back."""

    id: int
    order: int
    at_us: int
    amount: Decimal
    returned: int


class Dispute(Struct, frozen=True):
    """A chargeback or an inquiry."""

    id: int
    order: int | None
    type: str | None
    reason: str | None
    status: str | None
    amount: Decimal | None
    currency: str | None
    initiated_us: int | None


class Product(Struct, frozen=True):
    """A product, as far as it is watched here."""

    id: int
    updated_us: int | None
    status: str | None


class Inventory(Struct, frozen=True):
    """How many are there."""

    item: int
    location: int
    updated_us: int
    available: int | None


class RiskChange(Struct, frozen=True):
    """Somebody assessed an order: maybe us."""

    order: int | None


class Bulk(Struct, frozen=True):
    """A bulk operation has ended."""

    id: str
    status: str | None
    error: str | None


class Uninstalled(Struct, frozen=True):
    """The shop took the app away."""


Kept = (
    Order
    | DeletedOrder
    | Compliance
    | Refund
    | Dispute
    | Product
    | Inventory
    | RiskChange
    | Bulk
    | Uninstalled
)
_DECODERS = {topic: msgspec.json.Decoder(body) for topic, body in BODIES.items()}


def keep(topic: str, body: bytes, domain: str, name: Name) -> Kept:
    """What stays of a body; raises ContractError, which repeats no value of it."""
    try:
        message = _DECODERS[topic].decode(body)
    except msgspec.ValidationError as error:
        raise ContractError(topic, "the members of its body", _path_of(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(topic, "a JSON object", type(error).__name__) from None
    if isinstance(message, payloads.ComplianceIn):
        if not message.is_of(topic):
            raise ContractError(topic, "a body of this topic that names somebody", "another")
        return _compliance(message, domain, name)
    if isinstance(message, payloads.OrderIn):
        return order_of(message, name)
    return _PLAIN[type(message)](message)


def order_of(message: payloads.OrderIn, name: Name) -> Order:
    """An order as a webhook or the Admin API tells it."""
    customer = message.customer.id if message.customer else None
    offset = message.created_at.utcoffset()
    return Order(
        id=message.id,
        created_us=microseconds(message.created_at),
        updated_us=microseconds(message.updated_at),
        offset_s=int(offset.total_seconds()) if offset else 0,
        customer=None if customer is None else name(CUSTOMER, str(customer)),
        lines=tuple(_line(each) for each in message.line_items if each.quantity > 0),
        currency=message.currency,
        cancelled_us=_maybe(message.cancelled_at),
        cancel_reason=code_of("cancel_reason", message.cancel_reason),
        financial_status=code_of("financial_status", message.financial_status),
        fulfillment_status=code_of("fulfillment_status", message.fulfillment_status),
        test=message.test,
    )


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def gid_number(gid: str) -> int:
    """``gid://shopify/Order/123`` → 123."""
    return int(gid.rpartition("/")[2])


def _line(line: payloads.LineIn) -> Line:
    off = sum((_money(each.amount) for each in line.discount_allocations), Decimal())
    unit = (_money(line.price) * line.quantity - off) / line.quantity
    return Line(
        line.product_id, line.variant_id, line.quantity, max(0.0, float(unit)), float(line.price)
    )


def _compliance(message: payloads.ComplianceIn, domain: str, name: Name) -> Compliance:
    if message.shop_domain.lower() != domain:
        # The header is only a claim; what is erased goes by the signed body.
        raise ContractError("shop_domain", "the shop of the delivery's header", "another")
    return Compliance(
        subjects=subjects_of(message.customer or payloads.SubjectIn(), name),
        orders=tuple(message.orders_requested or message.orders_to_redact),
        data_request=message.data_request.id if message.data_request else None,
    )


def _deleted(message: payloads.DeletedOrderIn) -> DeletedOrder:
    if message.created_at is not None:
        raise ContractError(payloads.ORDER_DELETED, "an id alone", "a whole order")
    return DeletedOrder(message.id)


def _refund(message: payloads.RefundIn) -> Refund:
    moved = [
        _money(each.amount)
        for each in message.transactions
        if each.kind in {None, "refund"} and each.status in {None, "success", "pending"}
    ]
    returned = [
        each.quantity for each in message.refund_line_items if each.restock_type == "return"
    ]
    return Refund(
        message.id,
        message.order_id,
        microseconds(message.created_at),
        sum(moved, Decimal()),
        sum(returned),
    )


def _dispute(message: payloads.DisputeIn) -> Dispute:
    return Dispute(
        message.id,
        message.order_id,
        code_of("dispute_type", message.type),
        code_of("dispute_reason", message.reason),
        code_of("dispute_status", message.status),
        None if message.amount is None else _money(message.amount),
        message.currency,
        _maybe(message.initiated_at),
    )


def _risk_change(message: payloads.RiskChangeIn) -> RiskChange:
    """Nothing is made of it: an order that cannot be told from it is no reason to set it aside."""
    said = message.admin_graphql_api_order_id or message.order_id
    digits = str(said).rpartition("/")[2]
    fits = digits.isascii() and digits.isdigit() and len(digits) <= 18
    return RiskChange(int(digits) if fits else None)


_PLAIN: dict[type[Struct], Callable[[Any], Kept]] = {
    payloads.DeletedOrderIn: _deleted,
    payloads.RefundIn: _refund,
    payloads.DisputeIn: _dispute,
    payloads.RiskChangeIn: _risk_change,
    payloads.ProductIn: lambda each: Product(
        each.id, _maybe(each.updated_at), code_of("product_status", each.status)
    ),
    payloads.InventoryIn: lambda each: Inventory(
        each.inventory_item_id, each.location_id, microseconds(each.updated_at), each.available
    ),
    payloads.BulkIn: lambda each: Bulk(
        each.admin_graphql_api_id,
        code_of("bulk_status", each.status),
        code_of("bulk_error", each.error_code),
    ),
    payloads.UninstalledIn: lambda _: Uninstalled(),
}


def _money(amount: Decimal) -> Decimal:
    """Raises ContractError for what is no sum of money, such as NaN or 1e999."""
    if not amount.is_finite() or amount.adjusted() >= MONEY_DIGITS:
        raise ContractError("amount", "a sum of money", "another number")
    return amount


def _maybe(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _path_of(error: msgspec.ValidationError) -> str:
    """msgspec says the type that came and where, never a value."""
    return str(error)[:200]
