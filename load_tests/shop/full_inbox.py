"""An inbox as a large shop's is after years, written in bulk: most of it past its time."""

import random
import sqlite3
import string
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from control_plane import clock
from control_plane.shopify.inbox import State, open_inbox, transaction
from load_tests.shop.ingress_process import CLIENT_ID, DOMAIN, SHOP

DAY_S = 86_400.0
FIRST_ORDER = 10**8
"""Beyond those of any storm."""
OLD_SHARE = 0.95
"""Of the deliveries, those whose week is over."""
SPAN_DAYS = 1000
"""Orders are spread evenly over so long; two years are kept."""
LINES, SHOPPERS, PRODUCTS = 3, 100_000, 5000
MOMENTS = 1000
_TOPICS = ("orders/create", "orders/updated", "products/update")
_DONE = (State.APPLIED, State.APPLIED, State.APPLIED, State.STALE, State.IGNORED)
_EPOCH, _MOMENT = "1970-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"
Row = tuple[Any, ...]


def fill(path: Path, deliveries: int, chance: random.Random) -> None:
    """``deliveries`` that are done with, a fortieth as many set aside, a quarter as many orders
    with three lines and an assessment each, and an outcome of every fifth."""
    with closing(open_inbox(path)) as inbox:
        # It is thrown away where this is broken off.
        inbox.execute("PRAGMA synchronous = OFF")
        inbox.execute("PRAGMA cache_size = -600000")
        with transaction(inbox):
            _put(inbox, "delivery", _deliveries(deliveries, chance))
            _put(inbox, "delivery", _set_aside(deliveries, deliveries // 40))
            orders = deliveries // 4
            for table, rows in _of_orders(orders, chance).items():
                _put(inbox, table, rows)
        inbox.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _put(inbox: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    columns = len(inbox.execute(f"PRAGMA table_info({table})").fetchall())
    inbox.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)  # noqa: S608


def _ago(days: float) -> str:
    return clock.later(-days * DAY_S)


def _deliveries(count: int, chance: random.Random) -> Iterator[Row]:
    old = int(MOMENTS * OLD_SHARE)
    moments = [_ago(27 - 19 * n / old) for n in range(old)]
    moments += [_ago(6 - 6 * n / (MOMENTS - old)) for n in range(MOMENTS - old)]
    for n in range(count):
        at = moments[n * MOMENTS // count]
        claims = (CLIENT_ID, f"{chance.getrandbits(128):032x}", _TOPICS[n % 3], SHOP, DOMAIN)
        yield (n + 1, *claims, at, _DONE[n % 5], None, 0, None, at)


def _set_aside(first: int, count: int) -> Iterator[Row]:
    old, young = _ago(100), _ago(10)
    for n in range(count):
        claims = (CLIENT_ID, f"aside-{n}", "orders/updated", SHOP, DOMAIN)
        at = old if n % 10 else young
        yield (first + n + 1, *claims, at, State.SET_ASIDE, b"x" * 600, 3, "not read", None)


def _of_orders(count: int, chance: random.Random) -> dict[str, Iterator[Row]]:
    letters = string.ascii_uppercase + "234567"
    shoppers = ["".join(chance.choices(letters, k=26)) for _ in range(min(count, SHOPPERS))]
    now_s = clock.seconds_between(_EPOCH, clock.now())

    def at_us(n: int) -> int:
        return int((now_s - DAY_S * SPAN_DAYS * (1 - n / count)) * 1e6)

    def rows(make: Callable[[int, int, str], Iterator[Row]]) -> Iterator[Row]:
        return (row for n in range(count) for row in make(n, at_us(n), shoppers[n % len(shoppers)]))

    return {
        "shop_order": rows(_order),
        "order_line": rows(_lines),
        "assessment": rows(_assessment),
        "outcome": rows(_outcome),
    }


def _order(n: int, at_us: int, who: str) -> Iterator[Row]:
    sums = (who, 29.7, LINES, "EUR", None, None, "paid", None, 0)
    yield (DOMAIN, FIRST_ORDER + n, SHOP, at_us, at_us, 3600, *sums)


def _lines(n: int, at_us: int, who: str) -> Iterator[Row]:
    for number in range(LINES):
        product = (n + number) % PRODUCTS
        yield (
            *(DOMAIN, FIRST_ORDER + n, number, at_us, who, 0),
            *(product, product, 1, 9.9, 9.9),
        )


def _assessment(n: int, _at_us: int, _who: str) -> Iterator[Row]:
    features = '{"amount": 29.7' + ', "another_input": 1.0' * 23 + "}"
    decision = (features, "0" * 36, "fraud:20250101-00000000", 0.1, "LOW", "[]", _MOMENT, None)
    yield (DOMAIN, FIRST_ORDER + n, "sent", _MOMENT, _MOMENT, 1, "", *decision)


def _outcome(n: int, at_us: int, _who: str) -> Iterator[Row]:
    if n % 5 == 0:
        known_at = clock.after(_EPOCH, at_us / 1e6)
        said = ("9.90", "EUR", None, None, 0, None, known_at)
        yield (DOMAIN, "refund", n, FIRST_ORDER + n, at_us, *said)
