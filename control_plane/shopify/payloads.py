"""The members of Shopify's webhook bodies that are read at all: the types are the allow-list.

Bodies are REST resources (shopify.dev/docs/api/admin-rest). What has no field here is skipped by
the decoder and never becomes an object, let alone a row: names, addresses, e-mails, phones, IP
addresses, notes. Codes are brought into closed sets afterwards (``codes.py``).
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Code = Annotated[str, Meta(max_length=200)]
Gid = Annotated[str, Meta(pattern=r"^gid://shopify/[A-Za-z]{1,40}/[0-9]{1,20}$")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Moment = Annotated[datetime, Meta(tz=True)]
Money = Decimal
"""Its size is checked in ``kept.py``."""
MAX_LINES = 5000


class CustomerIn(Struct):
    """Only the number, which becomes a pseudonym before anything is written."""

    id: Id | None = None


class DiscountIn(Struct):
    """A share of a discount that falls on a line."""

    amount: Money


class LineIn(Struct):
    """A line of an order. ``price`` is a unit's, before discounts."""

    quantity: Annotated[int, Meta(ge=0, le=10**9)]
    price: Money
    product_id: Id | None = None
    variant_id: Id | None = None
    discount_allocations: list[DiscountIn] = []


class OrderIn(Struct):
    """orders/create, /updated, /paid, /cancelled, /fulfilled, /partially_fulfilled.
    ``created_at`` carries the shop's own zone."""

    id: Id
    created_at: Moment
    updated_at: Moment
    line_items: Annotated[list[LineIn], Meta(max_length=MAX_LINES)] = []
    currency: Currency | None = None
    customer: CustomerIn | None = None
    cancelled_at: Moment | None = None
    cancel_reason: Code | None = None
    financial_status: Code | None = None
    fulfillment_status: Code | None = None
    test: bool = False


class DeletedOrderIn(Struct):
    """orders/delete: the id is all that is left. An order that says when it was placed was signed
    to tell of it: the topic is only a header's claim, and must not delete it."""

    id: Id
    created_at: Moment | None = None


class RefundLineIn(Struct):
    """``restock_type`` return: the goods came back."""

    quantity: Annotated[int, Meta(ge=0, le=10**9)] = 0
    restock_type: Code | None = None


class TransactionIn(Struct):
    """Money that moved."""

    amount: Money
    kind: Code | None = None
    status: Code | None = None


class RefundIn(Struct):
    """refunds/create."""

    id: Id
    order_id: Id
    created_at: Moment
    refund_line_items: Annotated[list[RefundLineIn], Meta(max_length=MAX_LINES)] = []
    transactions: Annotated[list[TransactionIn], Meta(max_length=1000)] = []


class DisputeIn(Struct):
    """disputes/create, /update. It has no ``updated_at``: see ``outcomes.py``."""

    id: Id
    order_id: Id | None = None
    type: Code | None = None
    amount: Money | None = None
    currency: Currency | None = None
    reason: Code | None = None
    status: Code | None = None
    initiated_at: Moment | None = None
    finalized_on: Code | None = None


class ProductIn(Struct):
    """products/create, /update, /delete (which has the id alone)."""

    id: Id
    updated_at: Moment | None = None
    status: Code | None = None


class InventoryIn(Struct):
    """inventory_levels/update."""

    inventory_item_id: Id
    location_id: Id
    updated_at: Moment
    available: int | None = None


class RiskChangeIn(Struct):
    """orders/risk_assessment_changed."""

    order_id: Id | Code | None = None
    """A number, its text, or a gid: Shopify's page shows a body without it."""
    admin_graphql_api_order_id: Gid | None = None


class BulkIn(Struct):
    """bulk_operations/finish."""

    admin_graphql_api_id: Gid
    status: Code | None = None
    error_code: Code | None = None
    completed_at: Moment | None = None


class UninstalledIn(Struct):
    """app/uninstalled: a shop. Its domains may be null; the header names it."""


class SubjectIn(Struct):
    """Whom a compliance request is about; there may be an e-mail alone."""

    id: Id | None = None
    email: Annotated[str, Meta(max_length=400)] | None = None
    phone: Annotated[str, Meta(max_length=100)] | None = None

    @property
    def names_somebody(self) -> bool:
        """Whether a pseudonym can be made of it."""
        return self.id is not None or bool((self.email or self.phone or "").strip())


class DataRequestIn(Struct):
    """The merchant's number of it."""

    id: Id


class ComplianceIn(Struct):
    """customers/data_request, customers/redact, shop/redact."""

    shop_domain: Annotated[str, Meta(max_length=200)]
    customer: SubjectIn | None = None
    orders_requested: Annotated[list[Id], Meta(max_length=100_000)] = []
    orders_to_redact: Annotated[list[Id], Meta(max_length=100_000)] = []
    data_request: DataRequestIn | None = None

    def is_of(self, topic: str) -> bool:
        """Whether it says what bodies of the topic say. The topic is only a header's claim: what
        Shopify signed to have one customer erased, or handed over, must erase no more."""
        if topic == SHOP_TOPIC:
            return self == ComplianceIn(self.shop_domain)
        wish = bool(self.orders_requested) or self.data_request is not None
        who = self.customer is not None and self.customer.names_somebody
        if topic == "customers/redact":
            return not wish and (who or bool(self.orders_to_redact))
        return not self.orders_to_redact and (who or bool(self.orders_requested))


SHOP_TOPIC = "shop/redact"
ORDER_TOPICS = frozenset(
    f"orders/{each}"
    for each in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")
)
ORDER_DELETED = "orders/delete"
PRODUCT_TOPICS = frozenset(f"products/{each}" for each in ("create", "update", "delete"))
DISPUTE_TOPICS = frozenset({"disputes/create", "disputes/update"})
BULK_TOPIC = "bulk_operations/finish"
COMPLIANCE_TOPICS = frozenset({"customers/data_request", "customers/redact", SHOP_TOPIC})
BODIES: dict[str, type[Struct]] = {
    **dict.fromkeys(ORDER_TOPICS, OrderIn),
    ORDER_DELETED: DeletedOrderIn,
    **dict.fromkeys(PRODUCT_TOPICS, ProductIn),
    **dict.fromkeys(DISPUTE_TOPICS, DisputeIn),
    **dict.fromkeys(COMPLIANCE_TOPICS, ComplianceIn),
    "refunds/create": RefundIn,
    "inventory_levels/update": InventoryIn,
    "orders/risk_assessment_changed": RiskChangeIn,
    BULK_TOPIC: BulkIn,
    "app/uninstalled": UninstalledIn,
}
"""Topic → what is read of its body; other topics are answered and ignored."""
