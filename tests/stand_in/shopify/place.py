"""Everything one stand-in consists of, for its routes."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from bentos.shopify_admin.clock import AcceleratedClock
from tests.stand_in.shopify.bucket import Bucket, Plan
from tests.stand_in.shopify.faults import Faults
from tests.stand_in.shopify.installation import Installation
from tests.stand_in.shopify.shop import Shop

CALLS_KEPT = 10_000


@dataclass(slots=True)
class Place:
    """A shop, an app on it, and what happened between them."""

    clock: AcceleratedClock
    shop: Shop
    app: Installation
    plan: Plan
    faults: Faults = field(default_factory=Faults)
    calls: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    subscriptions: dict[int, dict[str, Any]] = field(default_factory=dict)
    bucket: Bucket = field(init=False)
    bulk: Any = field(init=False, default=None)
    "``BulkOperations``, which the application puts here: its answers need all of this."

    def __post_init__(self) -> None:
        # The bucket is the app's on this shop, whichever of its tokens is shown.
        self.bucket = Bucket.of(self.plan, self.clock.monotonic())
