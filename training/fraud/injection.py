"""Fraud that we make ourselves, because the order files carry no labels.

Four documented scenarios, seeded, overlapping with ordinary orders on purpose. Whatever is
trained on them says so in its manifest: figures on injected fraud are no claim about a shop.

card testing      3 to 7 small orders of one cheap product within minutes of one another
account takeover  a known customer suddenly buys dear products they never bought, often at night
bulk resale       many units of few discounted products, half of the time by a new customer
friendly fraud    an ordinary order that is charged back later: nothing gives it away
"""

import base64
import hashlib
from typing import Any

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]

RATE = 0.012
MINIMUM = 80
SHARES = {"card_testing": 0.35, "account_takeover": 0.30, "bulk_resale": 0.20}
MICROSECONDS = 1_000_000
ASSUMPTION = (
    "fraud is injected, not observed: card testing, account takeover, bulk resale and friendly "
    "fraud, about 1.2 % of orders (80 at least), seeded"
)
SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("moment", pa.int64()),
        ("customer_id", pa.string()),
        ("product_id", pa.int64()),
        ("quantity", pa.int64()),
        ("unit_price", pa.float64()),
        ("list_price", pa.float64()),
        ("scenario", pa.string()),
    ]
)


class Injection:
    """Draws fraudulent order lines in the style of a shop.

    ``orders``: arrays ``moment`` (µs), ``customer`` (str or None), sorted by time.
    ``products``: arrays ``product_id``, ``price``, ``quantity`` (the usual one).
    """

    def __init__(self, orders: dict[str, Array], products: dict[str, Array], seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._orders = orders
        self._by_price = np.argsort(products["price"], kind="stable")
        self._products = products
        self._rows: list[tuple[Any, ...]] = []
        self._order_count = 0
        self._last = int(orders["moment"][-1])
        known = orders["customer"] != ""
        self._known = np.flatnonzero(known)

    def lines(self) -> pa.Table:
        """Order lines of the three injected scenarios, as many as RATE asks for."""
        total = max(MINIMUM, int(RATE * len(self._orders["moment"])))
        for scenario, share in SHARES.items():
            target = self._order_count + int(share * total)
            while self._order_count < target:
                getattr(self, f"_{scenario}")()
        columns: list[Any] = [list(column) for column in zip(*self._rows, strict=True)]
        return pa.table(columns, schema=SCHEMA)

    def friendly(self) -> Array:
        """Positions of the ordinary orders that turn out to be friendly fraud."""
        total = max(MINIMUM, int(RATE * len(self._orders["moment"])))
        count = int(total * (1 - sum(SHARES.values())))
        chosen = self._random.choice(len(self._orders["moment"]), count, replace=False)
        return np.sort(chosen)

    def _card_testing(self) -> None:
        at, customer = self._anchor(new=0.7)
        for _ in range(int(self._random.integers(3, 8))):
            at += int(self._random.exponential(8 * 60) * MICROSECONDS)
            rank = self._random.beta(1.2, 3.0, size=int(self._random.integers(1, 3)))
            self._order("card_testing", at, customer, rank, units=1.0, off=0.0)

    def _account_takeover(self) -> None:
        at, customer = self._anchor(new=0.0)
        at += int(self._random.uniform(1, 20 * 24) * 3600 * MICROSECONDS)
        for _ in range(int(self._random.integers(1, 3))):
            at += int(self._random.exponential(30 * 60) * MICROSECONDS)
            rank = self._random.beta(4.0, 1.3, size=int(self._random.integers(1, 7)))
            self._order("account_takeover", at, customer, rank, units=1.6, off=0.0)

    def _bulk_resale(self) -> None:
        at, customer = self._anchor(new=0.5)
        rank = self._random.beta(2.5, 2.0, size=int(self._random.integers(1, 5)))
        units = float(self._random.lognormal(1.6, 0.6))
        self._order("bulk_resale", at, customer, rank, units, float(self._random.uniform(0, 0.45)))

    def _anchor(self, new: float) -> tuple[int, str | None]:
        """The time of some order, moved within its day, and a new or a known customer."""
        position = int(
            self._random.choice(self._known if len(self._known) else len(self._orders["moment"]))
        )
        at = int(self._orders["moment"][position])
        if self._random.random() < 0.5:
            at += int(self._random.uniform(-12, 12) * 3600 * MICROSECONDS)
        if self._random.random() >= new:
            return at, str(self._orders["customer"][position]) or None
        token = hashlib.sha256(self._random.bytes(16)).digest()
        return at, base64.b32encode(token)[:26].decode()

    def _order(
        self, scenario: str, at: int, customer: str | None, rank: Array, units: float, off: float
    ) -> None:
        if at > self._last:
            at = self._last - int(self._random.uniform(0, 24) * 3600 * MICROSECONDS)
        self._order_count += 1
        places = np.unique((rank * len(self._by_price)).astype(int))
        for product in self._by_price[places]:
            price = float(self._products["price"][product])
            usual = float(self._products["quantity"][product])
            quantity = max(1, round(usual * units * float(self._random.lognormal(0, 0.4))))
            self._rows.append(
                (
                    f"injected-{self._order_count:07d}",
                    at,
                    customer,
                    int(self._products["product_id"][product]),
                    quantity,
                    round(price * (1 - off), 4),
                    price,
                    scenario,
                )
            )
