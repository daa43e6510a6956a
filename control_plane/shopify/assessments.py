"""The fraud loop's rows: an order's way from heard of to assessed, one step a transaction.

    queued → scored → sending → sent
    queued → no_consent | opted_out | gone | given_up

``sending`` is on the disk before the call leaves. Whoever finds it there does not know whether
the call arrived, and looks before sending again: exactly one assessment an order.
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from control_plane.shopify.explanation import ENOUGH
from control_plane.shopify.facts import Fact, Level
from control_plane.shopify.scorer import Score

RECENT = 200
"""Orders that say what is usual."""
DUE = (
    "SELECT a.*, o.customer, o.shop, o.cancelled_us, o.fulfillment_status FROM assessment AS a"
    " JOIN shop_order AS o ON o.domain = a.domain AND o.id = a.order_id"
    " WHERE a.state IN ('queued', 'scored', 'sending') AND a.due_at <= ?"
    " ORDER BY a.due_at LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Item:
    """An order whose turn it is. ``pending``: '', sending or sent, of the PENDING before."""

    domain: str
    shop: str
    order_id: int
    customer: str | None
    state: str
    pending: str
    attempts: int
    queued_at: str
    is_over: bool
    level: Level | None
    facts: list[Fact]


def due(inbox: sqlite3.Connection, now: str, limit: int) -> list[Item]:
    """Those whose turn it is, the longest waiting first."""
    return [
        Item(
            domain=row["domain"],
            shop=row["shop"],
            order_id=row["order_id"],
            customer=row["customer"],
            state=row["state"],
            pending=row["pending"],
            attempts=row["attempts"],
            queued_at=row["queued_at"],
            is_over=row["cancelled_us"] is not None or row["fulfillment_status"] == "fulfilled",
            level=None if row["level"] is None else Level(row["level"]),
            facts=json.loads(row["facts"] or "[]"),
        )
        for row in inbox.execute(DUE, (now, limit))
    ]


def recent_features(
    inbox: sqlite3.Connection, domain: str, order_id: int
) -> list[dict[str, float]]:
    """Of other orders scored lately; nothing before there are enough."""
    rows = inbox.execute(
        "SELECT features FROM assessment WHERE domain = ? AND order_id != ?"
        " AND features IS NOT NULL ORDER BY queued_at DESC LIMIT ?",
        (domain, order_id, RECENT),
    ).fetchall()
    return [json.loads(row["features"]) for row in rows] if len(rows) >= ENOUGH else []


def scored(
    inbox: sqlite3.Connection,
    item: Item,
    features: dict[str, float],
    score: Score,
    verdict: tuple[Level, list[Fact]],
) -> None:
    """The decision is made; what remains is to tell Shopify."""
    level, facts = verdict
    _set(
        inbox,
        item,
        state="scored",
        features=json.dumps(features),
        decision_id=score.decision_id,
        version=score.version,
        probability=score.probabilities[0],
        level=level.value,
        facts=json.dumps(facts),
        error=None,
    )


def sending(inbox: sqlite3.Connection, item: Item) -> None:
    """From now on the call may have left."""
    _set(inbox, item, state="sending")


def pending(inbox: sqlite3.Connection, item: Item, how: str) -> None:
    """The same for the PENDING that goes before."""
    _set(inbox, item, pending=how)


def ended(inbox: sqlite3.Connection, item: Item, state: str, now: str, error: str = "") -> None:
    """Nothing more is done about this order."""
    sent_at = now if state == "sent" else None
    _set(inbox, item, state=state, sent_at=sent_at, error=error or None)


def later(inbox: sqlite3.Connection, item: Item, due_at: str, error: str) -> None:
    """Its turn comes again."""
    _set(inbox, item, due_at=due_at, attempts=item.attempts + 1, error=error[:300])


def _set(inbox: sqlite3.Connection, item: Item, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    inbox.execute(
        f"UPDATE assessment SET {names} WHERE domain = ? AND order_id = ?",  # noqa: S608 - ours
        (*values.values(), item.domain, item.order_id),
    )
