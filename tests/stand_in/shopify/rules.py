"""What the shop answers to its roots, and what follows from several records."""

import zlib
from typing import Any

from graphql import GraphQLResolveInfo

from tests.stand_in.shopify import connections, versions
from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.errors import access_denied, not_found
from tests.stand_in.shopify.fields import KINDS, plays
from tests.stand_in.shopify.orders import money
from tests.stand_in.shopify.records import Kind, Record, number_of, timestamp
from tests.stand_in.shopify.shop import EVERYTHING, Condition

COUNTRIES = {"GB": "United Kingdom", "DE": "Germany", "FR": "France", "IE": "Ireland"}
COUNT_LIMIT = 10_000
MANY = {
    "orders": Kind.ORDER,
    "customers": Kind.CUSTOMER,
    "products": Kind.PRODUCT,
    "productVariants": Kind.VARIANT,
    "inventoryItems": Kind.INVENTORY_ITEM,
    "locations": Kind.LOCATION,
    "disputes": Kind.DISPUTE,
}
ONE = {
    "order": Kind.ORDER,
    "customer": Kind.CUSTOMER,
    "product": Kind.PRODUCT,
    "productVariant": Kind.VARIANT,
    "inventoryItem": Kind.INVENTORY_ITEM,
    "inventoryLevel": Kind.INVENTORY_LEVEL,
    "location": Kind.LOCATION,
    "refund": Kind.REFUND,
    "dispute": Kind.DISPUTE,
}
COUNTED = {
    "ordersCount": Kind.ORDER,
    "customersCount": Kind.CUSTOMER,
    "productsCount": Kind.PRODUCT,
    "productVariantsCount": Kind.VARIANT,
}
# Captured: customersCount ignores the e-mail that customers finds.
COUNT_FIELDS = {Kind.CUSTOMER: frozenset({"id", "created_at", "updated_at"})}


@plays("QueryRoot", *MANY)
@plays("ShopifyPaymentsAccount", "disputes")
def many(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """A root's connection."""
    return connections.page(asking, MANY[info.field_name], EVERYTHING, info, **said)


@plays("QueryRoot", *ONE)
def one(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """A record by its id, as far as the token may see it."""
    kind, gid = ONE[info.field_name], said.get("id") or ""
    if not gid.startswith(f"gid://shopify/{kind}/"):
        raise not_found(gid)
    return visible(asking, kind, gid)


@plays("QueryRoot", "node")
def node(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """A record of whichever kind."""
    kind = KINDS.get(said["id"].removeprefix("gid://shopify/").partition("/")[0])
    if kind is None:
        return None
    scopes = asking.admin.scopes((kind, ""))
    if scopes and not any(asking.token.may(scope) for scope in scopes):
        raise access_denied(info.field_name, asking.admin.access[kind, ""])
    return visible(asking, kind, said["id"])


@plays("QueryRoot", "nodes")
def nodes(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """Records of whichever kinds."""
    return [node(asking, source, info, id=each) for each in said["ids"]]


def visible(asking: Asking, kind: Kind, gid: str) -> Record | None:
    """A record, unless the token may not see it."""
    where = Condition("number = ?", (number_of(gid),)) & asking.visible(kind)
    found = asking.place.shop.page(kind, where, limit=1)
    return found[0] if found and gid.startswith(f"gid://shopify/{kind}/") else None


@plays("QueryRoot", *COUNTED)
def counted(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """How many, counted no further than the limit."""
    kind = COUNTED[info.field_name]
    text, only = said.get("query"), COUNT_FIELDS.get(kind)
    where = asking.visible(kind) & connections.searched(asking, kind, text, info, only)
    limit = said.get("limit", COUNT_LIMIT)
    count = asking.place.shop.count(kind, where, -1 if limit is None else limit + 1)
    more = limit is not None and count > limit
    return {"count": limit if more else count, "precision": "AT_LEAST" if more else "EXACT"}


@plays("QueryRoot", "publicApiVersions")
def public_api_versions(asking: Asking, *_: Any, **said: Any) -> Any:
    """The versions, by the shop's clock."""
    return versions.public(asking.place.clock.now())


@plays("QueryRoot", "shop")
def shop(asking: Asking, *_: Any, **said: Any) -> Any:
    """The shop itself."""
    here = asking.place.shop
    shown = {"standard": "Basic", "advanced": "Advanced", "plus": "Shopify Plus"}
    plan = shown[asking.place.plan]
    return {
        "id": f"gid://shopify/Shop/{here.number}",
        "name": here.name,
        "email": here.email,
        "contactEmail": here.email,
        "myshopifyDomain": here.domain,
        "currencyCode": here.currency,
        "ianaTimezone": "Europe/London",
        "timezoneAbbreviation": "GMT",
        "taxesIncluded": True,
        "url": f"https://{here.domain}",
        "primaryDomain": {"host": here.domain, "url": f"https://{here.domain}", "sslEnabled": True},
        "plan": {
            "publicDisplayName": plan,
            "displayName": plan,
            "shopifyPlus": asking.place.plan == "plus",
            "partnerDevelopment": False,
        },
        "createdAt": timestamp(0),
    }


@plays("QueryRoot", "currentAppInstallation", "appInstallation")
def installation(asking: Asking, *_: Any, **said: Any) -> Any:
    """The app that asks, with its scopes."""
    return {
        "id": "gid://shopify/AppInstallation/1",
        "app": app(asking),
        "accessScopes": [{"handle": scope} for scope in sorted(asking.token.scopes)],
    }


@plays("QueryRoot", "app")
def app(asking: Asking, *_: Any, **said: Any) -> Any:
    """The app that asks."""
    return {
        "id": "gid://shopify/App/456",
        "title": "Signalbox",
        "apiKey": asking.place.app.client_id,
        "handle": "signalbox",
    }


@plays("QueryRoot", "shopifyPaymentsAccount")
def payments_account(asking: Asking, *_: Any, **said: Any) -> Any:
    """The shop takes payments through Shopify."""
    return {"id": "gid://shopify/ShopifyPaymentsAccount/1", "activated": True}


@plays("Order", "currencyCode", "presentmentCurrencyCode")
def currency(asking: Asking, *_: Any, **said: Any) -> Any:
    """All orders are in the shop's currency."""
    return asking.place.shop.currency


@plays("Order", "transactions", "refunds")
def first_of(asking: Asking, source: Record, info: GraphQLResolveInfo, **said: Any) -> Any:
    """A list, cut at ``first``."""
    held = source.body.get(info.field_name) or []
    return held[: said["first"]] if said.get("first") is not None else held


@plays("Customer", "orders")
def orders_of(asking: Asking, source: Record, info: GraphQLResolveInfo, **said: Any) -> Any:
    """A customer's orders, as far as the token may see them."""
    where = Condition("customer = ?", (source.number,))
    return connections.page(asking, Kind.ORDER, where, info, **said)


@plays("Customer", "numberOfOrders")
def number_of_orders(asking: Asking, source: Record, *_: Any, **said: Any) -> Any:
    """Ever; not of the window only. A decimal text, as the schema has it."""
    return str(asking.place.shop.bought(source.number)[0])


@plays("Customer", "amountSpent")
def amount_spent(asking: Asking, source: Record, *_: Any, **said: Any) -> Any:
    """Ever."""
    return money(asking.place.shop.bought(source.number)[1])


@plays("Customer", "defaultEmailAddress")
def email_address(asking: Asking, source: Record, *_: Any, **said: Any) -> Any:
    """The address, and whether it may be written to."""
    if not source.body.get("email"):
        return None
    return {
        "emailAddress": source.body["email"],
        "marketingState": source.body.get("marketingState", "NOT_SUBSCRIBED"),
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "marketingUpdatedAt": timestamp(source.created_at),
    }


@plays("Customer", "defaultPhoneNumber")
def phone_number(asking: Asking, source: Record, *_: Any, **said: Any) -> Any:
    """The number, and whether it may be written to."""
    if not source.body.get("phone"):
        return None
    state = {"state": "NOT_SUBSCRIBED", "optInLevel": "UNKNOWN", "updatedAt": None}
    number = source.body["phone"]
    return {"phoneNumber": number, "smsMarketingConsent": state, "marketingState": state["state"]}


@plays("Customer", "addresses", "addressesV2")
def addresses(asking: Asking, source: Record, *_: Any, **said: Any) -> Any:
    """All of them: the one."""
    held = source.body.get("defaultAddress")
    return [held] if held else []


@plays("MailingAddress", "country", "formatted", "countryCode")
def address_text(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """An address in words."""
    code = source.get("countryCodeV2") or ""
    if info.field_name == "countryCode":
        return code
    if info.field_name == "country":
        return COUNTRIES.get(code, "United States")
    return [source[part] for part in ("name", "address1", "city", "zip") if source.get(part)]


@plays("MailingAddress", "id")
def address_id(asking: Asking, source: Any, *_: Any, **said: Any) -> Any:
    """Of what the address says: equal ones are one."""
    number = zlib.crc32(repr(sorted(source.items())).encode())
    return f"gid://shopify/MailingAddress/{number}?model_name=Address"


@plays("Product", "variants")
def variants(asking: Asking, source: Record, info: GraphQLResolveInfo, **said: Any) -> Any:
    """A product's variants."""
    where = Condition("parent = ?", (source.number,))
    return connections.page(asking, Kind.VARIANT, where, info, **said)


@plays("InventoryItem", "inventoryLevels")
@plays("Location", "inventoryLevels")
def levels(asking: Asking, source: Record, info: GraphQLResolveInfo, **said: Any) -> Any:
    """What is where."""
    item = source.kind == Kind.INVENTORY_ITEM
    where = Condition("parent = ?", (source.number,)) if item else EVERYTHING
    return connections.page(asking, Kind.INVENTORY_LEVEL, where, info, **said)


@plays("InventoryLevel", "quantities")
def quantities(asking: Asking, source: Record, *_: Any, **said: Any) -> Any:
    """Counts by state: all that is on hand is available."""
    held = source.body.get("quantity", 0)
    states = {"available": held, "on_hand": held}
    return [
        {"name": name, "quantity": states.get(name, 0), "id": f"{source.gid}?state={name}"}
        for name in said["names"]
    ]
