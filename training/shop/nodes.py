"""What of a node of the Admin API is looked at; whatever else it holds is never decoded.

Shapes of the 2026-10 schema. Numbers as strings are Shopify's (UnsignedInt64, Decimal).
"""

from datetime import datetime

import msgspec

Amount = str
"A Decimal, as Shopify writes one."


class Node(msgspec.Struct, frozen=True, rename="camel"):
    """Something with fields in camel case."""


class Identified(Node, frozen=True):
    """A thing named by its gid."""

    id: str


class Line(Node, frozen=True):
    """What every line of a bulk result has; the rest is decoded by the gid's kind."""

    id: str
    parent: str | None = msgspec.field(name="__parentId", default=None)


class Money(Node, frozen=True):
    """An amount, and of what."""

    amount: Amount
    currency_code: str | None = None


class ShopMoney(Node, frozen=True):
    """An amount in the shop's currency."""

    shop_money: Money


class Address(Node, frozen=True):
    """The country; nothing else of an address is asked for."""

    country_code_v2: str | None = msgspec.field(name="countryCodeV2", default=None)


class PaymentDetails(Node, frozen=True):
    """Of a card: two letters."""

    avs_result_code: str | None = None
    cvv_result_code: str | None = None


class Transaction(Node, frozen=True):
    """One attempt to move money."""

    kind: str
    status: str
    payment_details: PaymentDetails | None = None


class Risk(Node, frozen=True):
    """Shopify's own view of an order."""

    recommendation: str | None = None


class Order(Identified, frozen=True):
    """An order without its lines."""

    created_at: datetime
    updated_at: datetime
    processed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    test: bool = False
    source_name: str | None = None
    display_financial_status: str | None = None
    payment_gateway_names: tuple[str, ...] = ()
    discount_codes: tuple[str, ...] = ()
    current_total_price_set: ShopMoney | None = None
    total_discounts_set: ShopMoney | None = None
    total_refunded_set: ShopMoney | None = None
    billing_address_matches_shipping_address: bool | None = None
    customer: Identified | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    risk: Risk | None = None
    disputes: tuple[Identified, ...] = ()
    transactions: tuple[Transaction, ...] = ()


class LineItem(Identified, frozen=True):
    """A line of an order."""

    quantity: int
    current_quantity: int | None = None
    product: Identified | None = None
    variant: Identified | None = None
    is_gift_card: bool | None = None
    original_unit_price_set: ShopMoney | None = None
    discounted_unit_price_after_all_discounts_set: ShopMoney | None = None


class EmailState(Node, frozen=True):
    """Whether marketing may be sent; the address is never asked for."""

    marketing_state: str | None = None


class Customer(Identified, frozen=True):
    """A customer, by number alone."""

    created_at: datetime
    updated_at: datetime
    number_of_orders: str | int = 0
    amount_spent: Money | None = None
    data_sale_opt_out: bool = False
    default_email_address: EmailState | None = None


class Product(Identified, frozen=True):
    """A product without its variants."""

    created_at: datetime
    updated_at: datetime
    published_at: datetime | None = None
    title: str = ""
    product_type: str = ""
    vendor: str = ""
    status: str | None = None


class Variant(Identified, frozen=True):
    """A variant of a product."""

    updated_at: datetime
    sku: str | None = None
    price: Amount | None = None
    compare_at_price: Amount | None = None
    available_for_sale: bool | None = None
    inventory_quantity: int | None = None
    inventory_item: Identified | None = None


class InventoryItem(Identified, frozen=True):
    """What a variant costs."""

    updated_at: datetime
    tracked: bool | None = None
    unit_cost: Money | None = None


class Quantity(Node, frozen=True):
    """A number of units in one state."""

    name: str
    quantity: int


class InventoryLevel(Identified, frozen=True):
    """Stock in one place."""

    updated_at: datetime
    location: Identified
    quantities: tuple[Quantity, ...] = ()


class PageInfo(Node, frozen=True):
    """Where a page ends."""

    has_next_page: bool
    end_cursor: str | None = None


class RefundLineItem(Node, frozen=True):
    """What of a line came back."""

    quantity: int
    line_item: Identified
    restock_type: str | None = None
    subtotal_set: ShopMoney | None = None


class RefundLines(Node, frozen=True):
    """A page of a refund's lines."""

    nodes: tuple[RefundLineItem, ...]
    page_info: PageInfo


class Refund(Identified, frozen=True):
    """A refund with its first lines."""

    updated_at: datetime
    refund_line_items: RefundLines
    created_at: datetime | None = None
    total_refunded_set: ShopMoney | None = None


class RefundedOrder(Identified, frozen=True):
    """An order's refunds."""

    updated_at: datetime
    refunds: tuple[Refund, ...] = ()


class DisputeReason(Node, frozen=True):
    """Why, as the bank says."""

    reason: str | None = None


class Dispute(Identified, frozen=True):
    """A chargeback or inquiry."""

    initiated_at: datetime
    finalized_on: datetime | None = None
    type: str | None = None
    status: str | None = None
    reason_details: DisputeReason | None = None
    amount: Money | None = None
    order: Identified | None = None


class RefundedOrders(Node, frozen=True):
    """A page of orders with their refunds."""

    nodes: tuple[RefundedOrder, ...]
    page_info: PageInfo


class Disputes(Node, frozen=True):
    """A page of disputes."""

    nodes: tuple[Dispute, ...]
    page_info: PageInfo
