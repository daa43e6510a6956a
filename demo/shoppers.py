"""Shoppers and what they ask: real rows of the snapshot, under browser ids of their own.

A browser id is the targeting key for every model and never changes with a login, as in a
storefront. Most requests come from a shopper not seen for long, some from one who was just here.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.errors import DemoError

SHOPPERS = 5000
RETURNING_SHARE = 0.15
RECENT = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: ``body`` is the JSON of POST /v1/models/{model}:predict."""

    model: str
    key: str
    body: bytes


class Shoppers:
    """Draws visits. ``instances``: model → JSON of single rows, as the model is asked."""

    def __init__(self, instances: Mapping[str, Sequence[bytes]], shop: str, seed: int = 7) -> None:
        for model, rows in instances.items():
            if not rows:
                raise DemoError(f"the snapshot holds nothing to ask {model} about")
        self._instances = instances
        self._random = random.Random(seed)
        self._browsers = [browser_id(shop, number) for number in range(SHOPPERS)]
        self._random.shuffle(self._browsers)
        self._positions = dict.fromkeys(instances, 0)

    def next(self, model: str) -> Visit:
        """The next visit to ask ``model`` about."""
        position = self._positions[model]
        if position > RECENT and self._random.random() < RETURNING_SHARE:
            position -= self._random.randrange(1, RECENT)
        else:
            self._positions[model] = position + 1
        key = self._browsers[position % SHOPPERS]
        row = self._instances[model][position % len(self._instances[model])]
        body = b'{"targeting_key":"' + key.encode() + b'","instances":[' + row + b"]}"
        return Visit(model, key, body)


def browser_id(shop: str, number: int) -> str:
    """A made-up first-party browser id, the same in every run."""
    return "b-" + hashlib.sha256(f"{shop}/{number}".encode()).hexdigest()[:24]
