"""How long the inbox keeps what: rows that are past their time go, an hour later at most.

    ids          deliveries that are done with, and hints about bulk operations
    set aside    deliveries nobody could read or apply, but for law topics: those are seen to
    orders       an order with its lines, its assessment and its outcomes, all at once, counted from
                 the last that was heard of it

An order stays while its assessment is under way, and while an open law request may be about it.
What says what happened, and names nobody, stays for good: law requests' topics and days, digests of
whom was erased. So does what is only the newest state: products, stock, cursors.

Each batch is a transaction: killed anywhere, no order is there in parts, and the next run goes on.
"""
# ruff: noqa: S608 - tables, columns and tests are ours

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import structlog

from control_plane import clock
from control_plane.shopify.erased_rows import OF_AN_ORDER
from control_plane.shopify.held import Held, read_held
from control_plane.shopify.inbox import read_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.pace import Pace
from control_plane.shopify.payloads import COMPLIANCE_TOPICS
from control_plane.shopify.settings import IngressSettings

T = TypeVar("T")
DAY_S = 86_400.0
A_RUN = 100_000
"""Orders of one run; the next one is an hour later."""
_LAWS = ", ".join(f"'{topic}'" for topic in sorted(COMPLIANCE_TOPICS))
# By its index, by name: without statistics SQLite reads every outcome of the shop instead.
_OUTCOME = "outcome AS w INDEXED BY outcome_order"
_OVER = (
    "NOT EXISTS (SELECT 1 FROM assessment AS a WHERE a.domain = o.domain AND a.order_id = o.id"
    " AND a.state IN ('queued', 'scored', 'sending'))"
    f" AND NOT EXISTS (SELECT 1 FROM {_OUTCOME} WHERE w.domain = o.domain AND w.order_id = o.id"
    " AND w.known_at >= :before)"
)
_ORDERS = (
    "SELECT o.domain, o.id, o.shop, o.customer FROM shop_order AS o"
    f" WHERE o.updated_us < :before_us AND {_OVER}"
)
# Outcomes of orders that were never heard of.
_STRANGERS = (
    "SELECT w.domain, w.order_id AS id, NULL AS shop, NULL AS customer FROM outcome AS w"
    " WHERE NOT EXISTS (SELECT 1 FROM shop_order AS o WHERE o.domain = w.domain"
    " AND o.id = w.order_id) GROUP BY w.domain, w.order_id HAVING max(w.known_at) < :before"
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of ``table`` for which ``where`` holds (``?``: the moment) are past their time."""

    place: str
    table: str
    key: str
    where: str
    days: float


@dataclass(frozen=True, slots=True)
class Due:
    """Of a place: how long it is kept (None: for ever), and what is past that now.

    ``held``: of these, what an open law request keeps.
    """

    place: str
    days: float | None
    due: int
    held: int = 0


class Keeping:
    """``run`` takes away what is past its time; ``count(place, rows)`` hears of it, and
    ``held(seconds)`` how long each batch had the writer."""

    def __init__(
        self,
        settings: IngressSettings,
        writer: InboxWriter,
        count: Callable[[str, int], None],
        held: Callable[[float], None],
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._count = count
        self._held = held

    def run(self) -> dict[str, int]:
        """Place → rows that went; told of also where it ends early, as batch by batch they are
        gone."""
        gone: Counter[str] = Counter()
        try:
            for rule in rules(self._settings):
                self._simple(rule, gone)
            self._orders(gone)
        finally:
            went = {place: rows for place, rows in gone.items() if rows}
            for place, rows in went.items():
                self._count(place, rows)
            if went:
                log.info("ingress_kept_no_longer", **went)
        return went

    def _simple(self, rule: Rule, gone: Counter[str]) -> None:
        before, more = clock.later(-rule.days * DAY_S), True
        pace = Pace()
        while more:
            size = pace.size
            rows = self._write(partial(_delete, rule=rule, before=before, limit=size), pace)
            gone[rule.place] += rows
            more = rows == size

    def _orders(self, gone: Counter[str]) -> None:
        moments, home = _moments(self._settings), self._settings.home
        if moments is None:
            return
        # Read to the end first: an open reader would keep an erasure from emptying the log.
        with closing(read_inbox(self._settings.inbox)) as inbox:
            held = read_held(home, inbox)
            with closing(_past_orders(inbox, moments)) as past:
                orders = list(islice((row for row in past if not _holds(held, row)), A_RUN))
        pace = Pace()
        while orders:
            some, orders = orders[: pace.size], orders[pace.size :]
            batch = partial(_delete_batch, home=home, rows=some, moments=moments)
            gone.update(self._write(batch, pace))

    def _write(self, run: Callable[[sqlite3.Connection], T], pace: Pace) -> T:
        """In a transaction; how long it held the writer says how large the next one is."""
        begun = 0.0

        def timed(inbox: sqlite3.Connection) -> T:
            nonlocal begun
            begun = time.monotonic()
            return run(inbox)

        result = self._writer.write(timed)
        took = time.monotonic() - begun
        pace.took(took)
        self._held(took)
        return result


def due(settings: IngressSettings, inbox: sqlite3.Connection) -> list[Due]:
    """What a run would take away now; nothing is changed."""
    found = []
    for rule in rules(settings):
        query = f"SELECT count(*) FROM {rule.table} WHERE {rule.where}"
        rows = inbox.execute(query, (clock.later(-rule.days * DAY_S),)).fetchone()[0]
        found.append(Due(rule.place, rule.days, rows))
    moments = _moments(settings)
    if moments is None:
        return [*found, Due("orders", None, 0)]
    held = read_held(settings.home, inbox)
    orders = [_holds(held, row) for row in _past_orders(inbox, moments)]
    kept = sum(orders)
    return [*found, Due("orders", settings.ingress_orders_keep_days, len(orders) - kept, kept)]


def rules(settings: IngressSettings) -> tuple[Rule, ...]:
    """What goes by its own age alone."""
    ids, aside = settings.ingress_keep_days, settings.ingress_set_aside_keep_days
    return (
        Rule("delivery", "delivery", "seq", "done_at < ? AND state IN (1, 2, 4)", ids),
        Rule("bulk_hint", "bulk_hint", "domain, id", "heard_at < ?", ids),
        Rule(
            "set_aside",
            "delivery",
            "seq",
            f"received_at < ? AND state = 3 AND topic NOT IN ({_LAWS})",
            aside,
        ),
    )


def _moments(settings: IngressSettings) -> dict[str, Any] | None:
    """Before when an order is past its time, in both forms; None: never."""
    days = settings.ingress_orders_keep_days
    if not days:
        return None
    before = clock.later(-days * DAY_S)
    return {
        "before": before,
        "before_us": int(datetime.fromisoformat(before).timestamp()) * 1_000_000,
    }


def _past_orders(inbox: sqlite3.Connection, moments: dict[str, Any]) -> Generator[sqlite3.Row]:
    """To be closed where it is not read to the end: a query that is open keeps the log growing,
    also after its connection was closed."""
    for query in (_ORDERS, _STRANGERS):
        with closing(inbox.execute(query, moments)) as rows:
            yield from rows


def _holds(held: Held, row: sqlite3.Row) -> bool:
    return held.holds(row["shop"], row["id"], row["customer"])


def _delete(inbox: sqlite3.Connection, *, rule: Rule, before: str, limit: int) -> int:
    query = (
        f"DELETE FROM {rule.table} WHERE ({rule.key}) IN"
        f" (SELECT {rule.key} FROM {rule.table} WHERE {rule.where} LIMIT {limit})"
    )
    return inbox.execute(query, (before,)).rowcount


def _delete_batch(
    inbox: sqlite3.Connection, *, home: Path, rows: list[sqlite3.Row], moments: dict[str, Any]
) -> dict[str, int]:
    """Without what a request is about that came since we looked."""
    held = read_held(home, inbox)
    orders = [(row["domain"], row["id"]) for row in rows if not _holds(held, row)]
    return _delete_orders(inbox, orders=orders, moments=moments)


def _delete_orders(
    inbox: sqlite3.Connection, *, orders: list[tuple[str, int]], moments: dict[str, Any]
) -> dict[str, int]:
    """Asked again: what was heard of since we looked stays whole."""
    removed = dict.fromkeys(OF_AN_ORDER, 0)
    for domain, number in orders:
        known = {"domain": domain, "id": number, **moments}
        newer = (
            "SELECT 1 FROM shop_order AS o WHERE o.domain = :domain AND o.id = :id"
            f" AND NOT (o.updated_us < :before_us AND {_OVER}) UNION ALL"
            f" SELECT 1 FROM {_OUTCOME} WHERE w.domain = :domain AND w.order_id = :id"
            " AND w.known_at >= :before"
        )
        if inbox.execute(newer, known).fetchone() is not None:
            continue
        for table, column in OF_AN_ORDER.items():
            query = f"DELETE FROM {table} WHERE domain = :domain AND {column} = :id"
            removed[table] += inbox.execute(query, known).rowcount
    return removed
