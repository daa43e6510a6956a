"""What a query will be charged, before and after Shopify said so.

Shopify charges by the query's shape: a connection of N nodes counts 2 + s(N) times what a node
selects. Our documents state their cost in that form; the figure of the last answer for the
same document and page sizes replaces it.
"""

import math
from collections.abc import Mapping
from typing import Any

from bentos.shopify_admin.document import Cost, Document

MAX_COST = 1000.0
"No single query may ask for more, on any plan."


def size_factor(nodes: int) -> int:
    """How often the selection of one node is charged for a page of ``nodes``."""
    return max(1, math.floor(2 * math.log(nodes))) if nodes > 0 else 1


def stated(cost: Cost, variables: Mapping[str, Any]) -> float:
    """The requested cost of a document with these variables."""
    nodes = variables.get(cost.page) if cost.page else None
    # A page size that is missing or no number is for Shopify to refuse.
    return cost.fixed + cost.each * size_factor(nodes if isinstance(nodes, int) else 250)


class Costs:
    """Requested costs as Shopify last gave them. Safe for threads: each entry is set whole."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], float] = {}

    def expected(self, document: Document, variables: Mapping[str, Any]) -> float:
        """What a request will be charged, as far as is known."""
        known = self._known.get(_shape(document, variables))
        return stated(document.cost, variables) if known is None else known

    def learn(self, document: Document, variables: Mapping[str, Any], cost: float) -> None:
        """Note what Shopify charged for."""
        self._known[_shape(document, variables)] = cost


def _shape(document: Document, variables: Mapping[str, Any]) -> tuple[Any, ...]:
    sizes = [(name, value) for name, value in sorted(variables.items()) if isinstance(value, int)]
    return (document.name, document.text, *sizes)
