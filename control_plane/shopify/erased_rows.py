"""Which rows of the inbox hold a person or a shop, and their deletion."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from bentos.contract.redaction import EPOCH, RedactionRequest
from control_plane import clock
from control_plane.shopify.effects import DELETED
from control_plane.shopify.inbox import State
from control_plane.shopify.payloads import COMPLIANCE_TOPICS

OF_AN_ORDER = {
    "order_line": "order_id",
    "assessment": "order_id",
    "outcome": "order_id",
    "shop_order": "id",
}
"""Table → its column with the order's number."""
OF_A_SHOP = (
    *OF_AN_ORDER,
    *("product", "inventory", "bulk_hint", "uninstalled", "cursor", "delivery"),
)
WITH_DOMAIN = (*OF_A_SHOP, "compliance_request")
UNTIL = {
    "product": f"updated_us <= :us OR status = '{DELETED}'",
    "inventory": "updated_us <= :us",
    "bulk_hint": "heard_at <= :at",
    "uninstalled": "at <= :at",
    "cursor": "true",
    "delivery": "received_at <= :at",
}
"""Of a shop, beside its orders: what is older than a moment. The rest has no time, or (a deleted
product) none of its own, and is told or made again."""
AT_ONCE = 500
"""Values in one statement."""


class Mention(NamedTuple):
    """An order, or what tells of one: then nobody knows whose it was, nor since when."""

    number: int
    customer: str | None
    created_us: int | None


@dataclass(frozen=True)
class Found:
    """``orders``: domain → numbers, also of orders that are not here (yet)."""

    subjects: frozenset[str]
    orders: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, inbox: sqlite3.Connection, request: RedactionRequest, domain: str) -> "Found":
        """What the request covers: the orders it names, and those of its subjects."""
        domains = [domain] if domain else _domains(inbox, request.shop)
        named = {int(each) for each in request.order_numbers if int(each) < 2**63}
        orders = {each: set(named) for each in domains}
        subjects = frozenset(request.subjects)
        for some in _chunks(request.subjects):
            rows = inbox.execute(
                f"SELECT domain, id FROM shop_order WHERE customer IN ({_marks(some)})"  # noqa: S608
                " UNION SELECT domain, order_id FROM order_line"
                f" WHERE customer IN ({_marks(some)})",
                (*some, *some),
            )
            for row in rows:
                orders.setdefault(row["domain"], set()).add(row["id"])
        for each in domains:
            # Set aside, or not applied yet: what comes of such an order must be known as well.
            waiting = _kept_mentions(inbox, each)
            orders[each] |= {one.number for one in waiting if one.customer in subjects}
        return cls(subjects, orders)

    @classmethod
    def all_of(cls, inbox: sqlite3.Connection, request: RedactionRequest, domain: str) -> "Found":
        """Every order of a shop; nobody by name."""
        orders = {
            each: {
                int(row["id"])
                for row in inbox.execute("SELECT id FROM shop_order WHERE domain = ?", (each,))
            }
            for each in ([domain] if domain else _domains(inbox, request.shop))
        }
        return cls(frozenset(), orders)

    def numbers(self) -> list[str]:
        """Of all these orders, as text."""
        return sorted({str(number) for each in self.orders.values() for number in each})


def of_customer(inbox: sqlite3.Connection, found: Found) -> dict[str, int]:
    """Delete a person's rows; place → how many went."""
    removed = Counter[str]()
    for domain, numbers in found.orders.items():
        removed.update(of_orders(inbox, domain, numbers))
    removed["delivery"] = _drop_kept(inbox, found)
    return _told(removed)


def of_orders(inbox: sqlite3.Connection, domain: str, numbers: Iterable[int]) -> dict[str, int]:
    """Delete orders with all that is theirs; table → how many rows went."""
    removed = dict.fromkeys(OF_AN_ORDER, 0)
    for some in _chunks(numbers):
        for table, column in OF_AN_ORDER.items():
            removed[table] += inbox.execute(
                f"DELETE FROM {table} WHERE domain = ? AND {column} IN ({_marks(some)})",  # noqa: S608
                (domain, *some),
            ).rowcount
    return removed


def of_shop(inbox: sqlite3.Connection, shop: str, domain: str) -> dict[str, int]:
    """Delete everything of a shop, but for deliveries of law topics that are not applied yet."""
    laws = sorted(COMPLIANCE_TOPICS)
    but = f" AND (kept IS NULL OR topic NOT IN ({_marks(laws)}))"
    removed: dict[str, int] = {}
    for each in [domain] if domain else _domains(inbox, shop):
        for table in OF_A_SHOP:
            rest, more = (but, laws) if table == "delivery" else ("", [])
            cursor = inbox.execute(f"DELETE FROM {table} WHERE domain = ?{rest}", (each, *more))  # noqa: S608
            removed[table] = removed.get(table, 0) + cursor.rowcount
    return _told(removed)


def of_shop_until(inbox: sqlite3.Connection, domain: str, before_us: int) -> None:
    """Delete what a shop's orders do not hold and is not newer; law topics as ``of_shop`` does."""
    laws = ", ".join(f"'{topic}'" for topic in sorted(COMPLIANCE_TOPICS))
    at = clock.to_text(EPOCH + timedelta(microseconds=before_us))
    for table, older in UNTIL.items():
        but = f" AND (kept IS NULL OR topic NOT IN ({laws}))" if table == "delivery" else ""
        query = f"DELETE FROM {table} WHERE domain = :domain AND ({older}){but}"  # noqa: S608 - ours
        inbox.execute(query, {"domain": domain, "us": before_us, "at": at})


def mentions(inbox: sqlite3.Connection, domain: str) -> Iterator[Mention]:
    """Every order a domain's rows tell of, once or more often; lines and assessments never stand
    without theirs."""
    query = (
        "SELECT id, customer, created_us FROM shop_order WHERE domain = ? UNION ALL"
        " SELECT DISTINCT order_id, NULL, NULL FROM outcome WHERE domain = ?"
    )
    yield from (Mention(*row) for row in inbox.execute(query, (domain, domain)))
    yield from _kept_mentions(inbox, domain)


def _kept_mentions(inbox: sqlite3.Connection, domain: str) -> Iterator[Mention]:
    query = "SELECT topic, kept FROM delivery WHERE domain = ? AND kept IS NOT NULL"
    for row in inbox.execute(query, (domain,)):
        kept = json.loads(row["kept"])
        number = _order_of(kept)
        if number is not None and row["topic"] not in COMPLIANCE_TOPICS:
            yield Mention(number, kept.get("customer"), kept.get("created_us"))


def every_domain(inbox: sqlite3.Connection) -> list[str]:
    """Under which anything lies there."""
    query = " UNION ".join(f"SELECT domain FROM {table}" for table in WITH_DOMAIN)  # noqa: S608 - ours
    return [row["domain"] for row in inbox.execute(query)]


def of_requests(inbox: sqlite3.Connection, request: RedactionRequest) -> dict[str, int]:
    """Law requests about the same person that were not handed over: they name nobody any more."""
    count = 0
    for name in request.subjects:
        count += inbox.execute(
            "UPDATE compliance_request SET subjects = '{}', order_ids = '[]',"
            " taken_at = coalesce(taken_at, ?) WHERE instr(subjects, ?)",
            (clock.now(), name),
        ).rowcount
        count += inbox.execute(
            "UPDATE delivery SET kept = NULL, state = ?, done_at = ? WHERE instr(kept, ?)",
            (State.IGNORED, clock.now(), name),
        ).rowcount
    return _told({"compliance_request": count})


def kept_about(inbox: sqlite3.Connection, found: Found) -> list[sqlite3.Row]:
    """Deliveries of theirs that wait or were set aside, with what is kept of them."""
    rows = inbox.execute(
        "SELECT seq, domain, topic, received_at, kept FROM delivery WHERE kept IS NOT NULL"
    ).fetchall()
    return [
        row
        for row in rows
        if row["topic"] not in COMPLIANCE_TOPICS
        and _is_about(json.loads(row["kept"]), found, found.orders.get(row["domain"], set()))
    ]


def _drop_kept(inbox: sqlite3.Connection, found: Found) -> int:
    theirs = kept_about(inbox, found)
    inbox.executemany(
        "UPDATE delivery SET kept = NULL, state = ?, error = NULL, done_at = ? WHERE seq = ?",
        [(State.IGNORED, clock.now(), row["seq"]) for row in theirs],
    )
    return len(theirs)


def _is_about(kept: dict[str, Any], found: Found, orders: set[int]) -> bool:
    return kept.get("customer") in found.subjects or _order_of(kept) in orders


def _order_of(kept: dict[str, Any]) -> int | None:
    """The number of the order it is, or tells of."""
    number: int | None = kept.get("order", kept["id"] if "created_us" in kept else None)
    return number


def _domains(inbox: sqlite3.Connection, shop: str) -> list[str]:
    """Under which names a shop has delivered."""
    rows = inbox.execute(
        "SELECT domain FROM shop_order WHERE shop = ? UNION SELECT domain FROM delivery"
        " WHERE shop = ?",
        (shop, shop),
    )
    return [row["domain"] for row in rows]


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    known = list(values)
    for start in range(0, len(known), AT_ONCE):
        yield known[start : start + AT_ONCE]


def _marks(values: list[Any]) -> str:
    return ", ".join("?" * len(values))


def _told(removed: dict[str, int]) -> dict[str, int]:
    return {f"inbox/{table}": count for table, count in removed.items() if count}
