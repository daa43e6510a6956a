"""Orders and refunds as Shopify's REST resources, which the bodies of webhooks still are.

Which keys there are, and of which type, is held against the published shapes in the tests. What
the shop does not keep is null, empty or zero, as Shopify has it for a plain order.
"""

from collections.abc import Mapping
from typing import Any

from tests.stand_in.shopify.records import Kind, Record, number_of, timestamp
from tests.stand_in.shopify.shop import Shop
from tests.stand_in.shopify.webhook_customer import (
    NO_TEXT,
    Body,
    address,
    customer_body,
    lower,
    times,
)

STAFF = 548380009
"Whoever of the merchant's made the refund."


class OrderBodies:
    """Of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def order(self, record: Record) -> Body:
        """``orders/*``."""
        body, money = record.body, self._money
        customer = self._record(Kind.CUSTOMER, body.get("customer"))
        lines = [self._line(line) for line in body.get("lineItems", [])]
        refunds = [self._record(Kind.REFUND, number) for number in body.get("refunds", [])]
        total = body.get("totalPriceSet", "0.00")
        return {
            "id": record.number,
            "admin_graphql_api_id": record.gid,
            **times(record),
            "processed_at": timestamp(record.processed_at),
            "cancelled_at": body.get("cancelledAt"),
            "cancel_reason": lower(body.get("cancelReason")),
            "closed_at": body.get("closedAt"),
            **_names(record),
            **_shopper(body),
            "source_name": body.get("sourceName", "web"),
            "test": body.get("test", False),
            "order_status_url": body.get("statusPageUrl", f"https://{self._shop.domain}/orders"),
            "financial_status": lower(body.get("displayFinancialStatus")) or "pending",
            "fulfillment_status": _fulfilment(body.get("displayFulfillmentStatus")),
            "payment_gateway_names": body.get("paymentGatewayNames", []),
            "discount_codes": [
                {"code": code, "amount": "0.00", "type": "fixed_amount"}
                for code in body.get("discountCodes", [])
            ],
            "currency": self._shop.currency,
            "presentment_currency": self._shop.currency,
            **self._totals(body),
            "total_line_items_price": total,
            "total_line_items_price_set": money(total),
            "customer": customer_body(customer, self._shop.currency) if customer else None,
            "billing_address": address(body.get("billingAddress")),
            "shipping_address": address(body.get("shippingAddress")),
            "line_items": lines,
            "refunds": [self.refund(each) for each in refunds if each],
            **_PLAIN_ORDER,
        }

    def refund(self, record: Record) -> Body:
        """``refunds/create``."""
        body, money = record.body, self._money
        whole = body.get("totalRefundedSet", "0.00")
        return {
            "id": record.number,
            "admin_graphql_api_id": record.gid,
            "order_id": record.parent,
            "created_at": timestamp(record.created_at),
            "processed_at": timestamp(record.processed_at),
            "note": body.get("note"),
            "user_id": STAFF,
            "restock": False,
            "return": None,
            "duties": [],
            "total_duties_set": money("0.00"),
            "order_adjustments": [],
            "refund_shipping_lines": [],
            "refund_line_items": [self._refund_line(each) for each in body["refundLineItems"]]
            if body.get("refundLineItems")
            else [],
            "transactions": [self._repayment(record, whole)],
        }

    def _record(self, kind: Kind, number: Any) -> Record | None:
        return self._shop.get(kind, number) if isinstance(number, int) else None

    def _money(self, amount: str) -> Body:
        both = {"amount": amount, "currency_code": self._shop.currency}
        return {"shop_money": both, "presentment_money": both}

    def _totals(self, body: Mapping[str, Any]) -> Body:
        found: Body = {}
        for name, held in _TOTALS.items():
            amount = body.get(held, "0.00") if held else "0.00"
            found[name] = amount
            found[f"{name}_set"] = self._money(amount)
        for name in _SETS:
            found[name] = self._money("0.00")
        return found

    def _line(self, line: Mapping[str, Any]) -> Body:
        price, money = line.get("originalUnitPriceSet", "0.00"), self._money
        return {
            "id": number_of(line["id"]),
            "admin_graphql_api_id": line["id"],
            "title": line.get("title", NO_TEXT),
            "name": line.get("name", NO_TEXT),
            "sku": line.get("sku"),
            "quantity": line.get("quantity", 0),
            "current_quantity": line.get("currentQuantity", 0),
            "fulfillable_quantity": 0,
            "product_id": line.get("product"),
            "variant_id": line.get("variant"),
            "product_exists": line.get("product") is not None,
            "price": price,
            "price_set": money(price),
            "total_discount": "0.00",
            "total_discount_set": money("0.00"),
            **_PLAIN_LINE,
        }

    def _repayment(self, refund: Record, amount: str) -> Body:
        nothing = {"amount": "0.0", "currency": "XXX"}
        return {
            "id": refund.number,
            "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{refund.number}",
            "order_id": refund.parent,
            "kind": "refund",
            "status": "success",
            "gateway": "shopify_payments",
            "amount": amount,
            "currency": self._shop.currency,
            "created_at": timestamp(refund.created_at),
            "processed_at": timestamp(refund.processed_at),
            "payment_id": f"#{refund.parent}.1",
            "source_name": "web",
            "test": False,
            "manual_payment_gateway": False,
            "receipt": {},
            "total_unsettled_set": {"presentment_money": nothing, "shop_money": nothing},
            **dict.fromkeys(_NO_REPAYMENT),
        }

    def _refund_line(self, line: Mapping[str, Any]) -> Body:
        amount, money = line.get("subtotalSet", "0.00"), self._money
        return {
            "id": number_of(line["id"]),
            "line_item_id": number_of(line["lineItem"]["id"]),
            "line_item": self._line(line["lineItem"]),
            "quantity": line["quantity"],
            "location_id": None,
            "restock_type": lower(line.get("restockType")) or "no_restock",
            "subtotal": float(amount),
            "subtotal_set": money(amount),
            "total_tax": 0.0,
            "total_tax_set": money("0.00"),
        }


def _fulfilment(status: Any) -> str | None:
    return "fulfilled" if status == "FULFILLED" else None


def _names(record: Record) -> Body:
    name = record.body.get("name", f"#{record.number}")
    digits = "".join(letter for letter in name if letter.isdigit()) or str(record.number)
    return {"name": name, "order_number": int(digits), "number": max(1, int(digits) - 1000)}


def _shopper(body: Mapping[str, Any]) -> Body:
    """What the order itself says of who placed it, and from where."""
    ip = body.get("clientIp")
    client = {
        "accept_language": None,
        "browser_height": None,
        "browser_ip": ip,
        "browser_width": None,
        "session_hash": None,
        "user_agent": "Mozilla/5.0",
    }
    return {
        "email": body.get("email") or NO_TEXT,
        "contact_email": body.get("email") or NO_TEXT,
        "phone": body.get("phone"),
        "note": body.get("note"),
        "note_attributes": [
            {"name": each["key"], "value": each["value"]}
            for each in body.get("customAttributes", [])
        ],
        "tags": ", ".join(body.get("tags", [])),
        "browser_ip": ip,
        "client_details": client if ip else None,
        "buyer_accepts_marketing": body.get("customerAcceptsMarketing", False),
        "cart_token": body.get("cartToken"),
        "checkout_token": body.get("checkoutToken"),
        "customer_locale": body.get("customerLocale"),
    }


# REST name → the store's.
_TOTALS: dict[str, str | None] = {
    "total_price": "totalPriceSet",
    "subtotal_price": "subtotalPriceSet",
    "current_total_price": "currentTotalPriceSet",
    "current_subtotal_price": "currentSubtotalPriceSet",
    "total_discounts": "totalDiscountsSet",
    "current_total_discounts": "totalDiscountsSet",
    "total_tax": None,
    "current_total_tax": None,
}
_SETS = (
    "current_shipping_price_set",
    "total_shipping_price_set",
    "total_cash_rounding_payment_adjustment_set",
    "total_cash_rounding_refund_adjustment_set",
)
_NULL = (
    "app_id",
    "confirmation_number",
    "current_total_additional_fees_set",
    "current_total_duties_set",
    "device_id",
    "landing_site",
    "landing_site_ref",
    "location_id",
    "merchant_of_record_app_id",
    "original_total_additional_fees_set",
    "original_total_duties_set",
    "payment_terms",
    "po_number",
    "reference",
    "referring_site",
    "source_identifier",
    "source_url",
    "user_id",
)
_PLAIN_ORDER: Body = {
    **dict.fromkeys(_NULL),
    "confirmed": True,
    "discount_applications": [],
    "duties_included": False,
    "estimated_taxes": False,
    "fulfillments": [],
    "line_item_groups": [],
    "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
    "returns": [],
    "shipping_lines": [],
    "tax_exempt": False,
    "tax_lines": [],
    "taxes_included": True,
    "token": "123456abcd",
    "total_outstanding": "0.00",
    "total_tip_received": "0.00",
    "total_weight": 0,
}
_NO_REPAYMENT = (
    "amount_rounding",
    "authorization",
    "device_id",
    "error_code",
    "location_id",
    "message",
    "parent_id",
    "user_id",
)
_PLAIN_LINE: Body = {
    "attributed_staffs": [],
    "discount_allocations": [],
    "duties": [],
    "fulfillment_service": "manual",
    "fulfillment_status": None,
    "gift_card": False,
    "grams": 0,
    "properties": [],
    "requires_shipping": True,
    "sales_line_item_group_id": None,
    "tax_lines": [],
    "taxable": True,
    "variant_inventory_management": None,
    "variant_title": None,
    "vendor": None,
}
