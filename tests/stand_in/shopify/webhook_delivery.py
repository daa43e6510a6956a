"""One webhook on its way to one address: what it carries, signed as Shopify signs it.

Headers of shopify.dev/docs/apps/build/webhooks/delivery-structure.
"""

import base64
import hmac
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from tests.stand_in.shopify import webhook_filter

API_VERSION = "2026-10"


def body_signature(body: bytes, secret: str) -> str:
    """Base64 of the body's HMAC-SHA256: all that is authenticated of a webhook."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


@dataclass
class Subscription:
    """Who wants a topic. Those of an app's toml are never deleted, those of the API are."""

    id: str
    topic: str
    uri: str
    from_toml: bool = False
    name: str | None = None
    sub_topic: str | None = None
    include_fields: tuple[str, ...] = ()
    "Of the body's; all where there are none."
    filter: str | None = None
    last_success: float = float("-inf")
    "By the clock's monotonic seconds."

    def wanted(self, body: bytes) -> bytes:
        """The part of a body that was asked for."""
        if not self.include_fields:
            return body
        part = webhook_filter.kept(json.loads(body), self.include_fields)
        return json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()

    def wants(self, body: bytes) -> bool:
        """Whether the filter lets a body pass: the whole one, whatever of it is sent."""
        return not self.filter or webhook_filter.passes(self.filter, json.loads(body))


@dataclass
class Delivery:
    """A payload for one subscription. Repeats and retries keep its webhook id, body and address."""

    subscription_id: str
    topic: str
    uri: str
    shop: str
    body: bytes
    triggered_at: datetime
    event_id: str
    name: str | None = None
    sub_topic: str | None = None
    forged: bool = False
    "Signed with a secret that nobody has: to be refused, and never sent again."
    webhook_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def headers(self, secret: str) -> dict[str, str]:
        """What is sent with the body, signed with ``secret``."""
        signed_with = f"not {secret}" if self.forged else secret
        found = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": self.topic,
            "X-Shopify-Hmac-Sha256": body_signature(self.body, signed_with),
            "X-Shopify-Shop-Domain": self.shop,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": self.webhook_id,
            "X-Shopify-Triggered-At": self.triggered_at.isoformat().replace("+00:00", "Z"),
            "X-Shopify-Event-Id": self.event_id,
        }
        if self.name is not None:
            found["X-Shopify-Name"] = self.name
        if self.sub_topic is not None:
            found["X-Shopify-Sub-Topic"] = self.sub_topic
        return found
