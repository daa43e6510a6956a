"""One request being answered: who asks, of which shop, in which version."""

from dataclasses import dataclass, field
from typing import Any

from tests.stand_in.shopify.installation import Token
from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.schema import AdminSchema
from tests.stand_in.shopify.shop import EVERYTHING, Condition

WINDOW_SECONDS = 60 * 86_400


@dataclass(slots=True)
class Asking:
    """What resolvers are given; ``searches`` becomes ``extensions.search``."""

    place: Place
    admin: AdminSchema
    token: Token
    version: str
    searches: list[dict[str, Any]] = field(default_factory=list)

    def visible(self, kind: Kind) -> Condition:
        """What of a kind this token is shown: orders of 60 days, unless it may see all."""
        if kind not in (Kind.ORDER, Kind.REFUND) or self.token.may("read_all_orders"):
            return EVERYTHING
        start = self.place.shop.now() - WINDOW_SECONDS
        if kind == Kind.ORDER:
            return Condition("created_at >= ?", (start,))
        orders = "SELECT number FROM records WHERE kind = 'Order' AND created_at >= ?"
        return Condition(f"parent IN ({orders})", (start,))
