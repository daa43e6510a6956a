"""Bodies of webhooks: the shop's records as Shopify's REST resources, which webhooks still are.

Which keys there are, and of which type, is held against the published shapes in the tests. What
the shop does not keep is null, empty or zero, as Shopify has it for a plain order.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.stand_in.shopify.records import Kind, Record, number_of, timestamp
from tests.stand_in.shopify.shop import Shop
from tests.stand_in.shopify.webhook_customer import NO_TEXT, Body, customer_body, lower, times
from tests.stand_in.shopify.webhook_order import OrderBodies

MAX_VARIANTS = 100
"A product's webhook has no more of them in full."


class WebhookBodies:
    """Of one shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._orders = OrderBodies(shop)

    def order(self, record: Record) -> Body:
        """``orders/*``."""
        return self._orders.order(record)

    def refund(self, record: Record) -> Body:
        """``refunds/create``."""
        return self._orders.refund(record)

    def customer(self, record: Record) -> Body:
        """``customers/*``."""
        return customer_body(record, self._shop.currency)

    def dispute(self, record: Record) -> Body:
        """``disputes/*``."""
        body, why = record.body, record.body.get("reasonDetails") or {}
        return {
            "id": record.number,
            "order_id": record.parent or body.get("order"),
            "type": lower(body.get("type")) or "chargeback",
            "amount": body.get("amount", "0.00"),
            "currency": self._shop.currency,
            "reason": lower(why.get("reason")) or "fraudulent",
            "network_reason_code": why.get("networkReasonCode", "4837"),
            "status": lower(body.get("status")) or "needs_response",
            "evidence_due_by": body.get("evidenceDueBy"),
            "evidence_sent_on": body.get("evidenceSentOn"),
            "finalized_on": body.get("finalizedOn"),
            "initiated_at": timestamp(record.created_at),
        }

    def product(self, record: Record) -> Body:
        """``products/create`` and ``products/update``."""
        body = record.body
        variants = self._shop.children(Kind.VARIANT, record.number)
        return {
            "id": record.number,
            "admin_graphql_api_id": record.gid,
            **times(record),
            "title": body.get("title", NO_TEXT),
            "body_html": body.get("descriptionHtml", NO_TEXT),
            "handle": body.get("handle", NO_TEXT),
            "product_type": body.get("productType", NO_TEXT),
            "vendor": body.get("vendor", NO_TEXT),
            "status": lower(body.get("status")) or "active",
            "tags": ", ".join(body.get("tags", [])),
            "published_at": timestamp(record.created_at),
            "published_scope": "web",
            "template_suffix": None,
            "variants": [self._variant(each) for each in variants[:MAX_VARIANTS]],
            "variant_gids": [
                {"admin_graphql_api_id": each.gid, "updated_at": timestamp(each.updated_at)}
                for each in variants
            ],
            "options": [],
            "images": [],
            "image": None,
            "media": [],
            "has_variants_that_requires_components": False,
            "category": None,
        }

    def inventory_level(self, record: Record) -> Body:
        """``inventory_levels/update``."""
        body = record.body
        item, location = record.parent, body.get("location")
        return {
            "inventory_item_id": item,
            "location_id": location,
            "available": body.get("quantity", 0),
            "updated_at": timestamp(record.updated_at),
            "admin_graphql_api_id": (
                f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}"
            ),
        }

    def risk_assessment(self, order: Record) -> Body:
        """``orders/risk_assessment_changed``: the newest assessment of an order."""
        held = (order.body.get("risk") or {}).get("assessments") or [{}]
        provider = held[-1].get("provider") or {}
        return {
            "provider_id": number_of(provider["id"]) if provider else None,
            "provider_title": provider.get("title"),
            "risk_level": lower(held[-1].get("riskLevel")),
            "created_at": timestamp(order.updated_at),
            # As in Shopify's sample; the shape allows a text, which would be a guess.
            "order_id": None,
            "admin_graphql_api_order_id": order.gid,
        }

    def deleted(self, record: Record) -> Body:
        """``*/delete``: the id is all that is left."""
        return {"id": record.number}

    def shop(self) -> Body:
        """``app/uninstalled``: the shop itself, its domains null as in Shopify's samples."""
        here = self._shop
        return {
            "id": here.number,
            "name": here.name,
            "email": here.email,
            "customer_email": here.email,
            "domain": None,
            "myshopify_domain": None,
            "currency": here.currency,
            "country": "GB",
            "country_code": "GB",
            "country_name": "United Kingdom",
            "created_at": timestamp(0),
            "updated_at": timestamp(here.now()),
            "shop_owner": here.name,
            "primary_location_id": 655441491,
            **_PLAIN_SHOP,
        }

    def _variant(self, record: Record) -> Body:
        body = record.body
        return {
            "id": record.number,
            "admin_graphql_api_id": record.gid,
            "product_id": record.parent,
            **times(record),
            "title": body.get("title", NO_TEXT),
            "price": body.get("price", "0.00"),
            "compare_at_price": body.get("compareAtPrice"),
            "sku": body.get("sku"),
            "barcode": None,
            "inventory_item_id": record.number,
            "inventory_policy": "deny",
            "inventory_quantity": body.get("inventoryQuantity", 0),
            "old_inventory_quantity": body.get("inventoryQuantity", 0),
            "image_id": None,
            "option1": body.get("title", NO_TEXT),
            "option2": None,
            "option3": None,
            "position": 1,
            "taxable": True,
        }


def compliance_body(shop: Shop, topic: str, said: Mapping[str, Any]) -> Body:
    """``customers/data_request``, ``customers/redact``, ``shop/redact`` as their docs have them.

    ``said`` may give ``customer`` (a number), ``email``, ``phone``, ``orders`` and ``request``.
    """
    head = {"shop_id": shop.number, "shop_domain": shop.domain}
    if topic == "shop/redact":
        return head
    who = {"id": said.get("customer"), "email": said.get("email"), "phone": said.get("phone")}
    customer = {name: value for name, value in who.items() if value is not None}
    orders = list(said.get("orders", []))
    if topic == "customers/redact":
        return {**head, "customer": customer, "orders_to_redact": orders}
    asked = {"id": said.get("request", 9999)}
    return {**head, "orders_requested": orders, "customer": customer, "data_request": asked}


def written(body: Body) -> bytes:
    """The very bytes that are signed and sent, again and again."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


# As Shopify's sample has it, for a shop in London.
_PLAIN_SHOP: Body = {
    "province": "England",
    "address1": "1 High Street",
    "zip": "SW1A 1AA",
    "city": "London",
    "source": None,
    "phone": "",
    "latitude": None,
    "longitude": None,
    "primary_locale": "en",
    "address2": None,
    "timezone": "(GMT+00:00) London",
    "iana_timezone": "Europe/London",
    "money_format": "£{{amount}}",
    "money_with_currency_format": "£{{amount}} GBP",
    "weight_unit": "kg",
    "province_code": "ENG",
    "taxes_included": None,
    "auto_configure_tax_inclusivity": None,
    "tax_shipping": None,
    "county_taxes": None,
    "plan_display_name": "Shopify Plus",
    "plan_name": "enterprise",
    "has_discounts": False,
    "has_gift_cards": True,
    "google_apps_domain": None,
    "google_apps_login_enabled": None,
    "money_in_emails_format": "£{{amount}}",
    "money_with_currency_in_emails_format": "£{{amount}} GBP",
    "eligible_for_payments": True,
    "requires_extra_payments_agreement": False,
    "password_enabled": None,
    "has_storefront": True,
    "finances": True,
    "checkout_api_supported": True,
    "multi_location_enabled": True,
    "setup_required": False,
    "pre_launch_enabled": False,
    "enabled_presentment_currencies": ["GBP"],
    "marketing_sms_consent_enabled_at_checkout": False,
    "transactional_sms_disabled": False,
}
