"""What a storm of webhooks consists of: which delivery when, and what must come of it. Pure."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from load_tests.shop.ingress_process import DOMAIN, SECRET

UPDATES = 4
"""Deliveries about one order: created, then changed."""
REORDER = 400
"""A delivery comes up to so many places away from where it belongs."""
DUPLICATES = 0.10
FORGED = 0.01
FORGED_FROM = 10**9
"""Numbers of orders that only forged deliveries name."""
WRONG_SECRET = b"shpss_" + b"0" * 32
BEGIN = datetime(2026, 11, 22, 10, tzinfo=UTC)
PADDING = "Leave it with the neighbour at number 12, please. " * 90
"""Bodies are as long as Shopify's: some six kilobytes, most of it nothing we keep."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One delivery. ``webhook`` is its id; equal ones are duplicates."""

    webhook: int
    order: int
    version: int
    forged: bool

    @property
    def topic(self) -> str:
        """The first one creates."""
        return "orders/create" if self.version == 0 else "orders/updated"


def plan(deliveries: int, seed: int) -> list[Shot]:
    """The shots in the order they are fired."""
    chance = random.Random(seed)
    forged = round(deliveries * FORGED)
    duplicates = round(deliveries * DUPLICATES)
    valid = deliveries - forged - duplicates
    shots = [Shot(n, n // UPDATES, n % UPDATES, forged=False) for n in range(valid)]
    shots += chance.sample(shots, duplicates)
    shots += [Shot(valid + n, FORGED_FROM + n, 0, forged=True) for n in range(forged)]
    # Duplicates and forgeries stand beside what they resemble, and all of it is stirred.
    spread = [
        ((each.webhook if not each.forged else chance.randrange(valid)), each) for each in shots
    ]
    spread.sort(key=lambda pair: pair[0] + chance.randrange(REORDER))
    return [each for _, each in spread]


def expected(shots: list[Shot]) -> dict[int, int]:
    """Order → the version that must be its last state."""
    found: dict[int, int] = {}
    for shot in shots:
        if not shot.forged:
            found[shot.order] = max(shot.version, found.get(shot.order, 0))
    return found


def body_of(shot: Shot) -> bytes:
    """An order as REST shows it; its units say the version."""
    at = BEGIN + timedelta(seconds=shot.order % 80_000)
    message = {
        "id": shot.order,
        "created_at": at.isoformat(),
        "updated_at": (at + timedelta(minutes=shot.version)).isoformat(),
        "currency": "EUR",
        "note": PADDING,
        "email": "shopper@example.com",
        "customer": {"id": 100_000 + shot.order % 5000, "first_name": "A", "note": PADDING[:900]},
        "line_items": [
            {"product_id": shot.order % 500 + each, "quantity": shot.version + 1, "price": "9.90"}
            for each in range(3)
        ],
    }
    return json.dumps(message).encode()


def headers_of(shot: Shot, body: bytes) -> dict[str, str]:
    """Signed, with the app's secret or with another."""
    secret = WRONG_SECRET if shot.forged else SECRET
    digest = hmac.new(secret, body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": shot.topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Webhook-Id": f"storm-{shot.webhook}",
    }


def kill_points(deliveries: int, kills: int) -> Iterator[int]:
    """After how many shots the receiver is killed."""
    return (deliveries * (n + 1) // (kills + 1) for n in range(kills))
