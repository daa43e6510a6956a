"""The app's webhook subscriptions, as the API shows them; ``place.subscriptions`` holds them."""

from typing import Any

from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.fields import plays
from tests.stand_in.shopify.records import number_of, timestamp
from tests.stand_in.shopify.writes import user_error


@plays("Mutation", "webhookSubscriptionCreate")
def subscribe(asking: Asking, *_: Any, **said: Any) -> Any:
    """A subscription of the app."""
    asked, held = said["webhookSubscription"], asking.place.subscriptions
    uri = asked.get("uri") or asked.get("callbackUrl") or ""
    where = ["webhookSubscription", "callbackUrl"]
    if not uri.startswith(("https://", "http://127.0.0.1:", "pubsub://", "arn:aws:")):
        return _refused(where, "Address protocol http:// is not supported")
    if any(each["topic"] == said["topic"] and each["uri"] == uri for each in held.values()):
        return _refused(where, "Address for this topic has already been taken")
    number = max(held, default=0) + 1
    held[number] = {
        "id": f"gid://shopify/WebhookSubscription/{number}",
        "topic": said["topic"],
        "uri": uri,
        "callbackUrl": uri,
        "format": asked.get("format") or "JSON",
        "includeFields": asked.get("includeFields") or [],
        "filter": asked.get("filter"),
        "name": asked.get("name"),
        "metafieldNamespaces": [],
        "apiVersion": {"handle": asking.version, "displayName": asking.version, "supported": True},
        "createdAt": timestamp(asking.place.shop.now()),
        "updatedAt": timestamp(asking.place.shop.now()),
    }
    return {"webhookSubscription": held[number], "userErrors": []}


@plays("Mutation", "webhookSubscriptionDelete")
def unsubscribe(asking: Asking, *_: Any, **said: Any) -> Any:
    """End a subscription."""
    if asking.place.subscriptions.pop(number_of(said["id"]), None) is None:
        error = user_error(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    return {"deletedWebhookSubscriptionId": said["id"], "userErrors": []}


@plays("QueryRoot", "webhookSubscriptions")
def subscriptions(asking: Asking, *_: Any, **said: Any) -> Any:
    """The app's subscriptions, of some topics or all."""
    topics, uri = said.get("topics"), said.get("uri") or said.get("callbackUrl")
    return [
        each
        for each in asking.place.subscriptions.values()
        if (not topics or each["topic"] in topics) and (not uri or each["uri"] == uri)
    ]


@plays("QueryRoot", "webhookSubscription")
def subscription(asking: Asking, *_: Any, **said: Any) -> Any:
    """One subscription."""
    return asking.place.subscriptions.get(number_of(said["id"]))


def _refused(field: list[str], message: str) -> dict[str, Any]:
    return {"webhookSubscription": None, "userErrors": [user_error(field, message)]}
