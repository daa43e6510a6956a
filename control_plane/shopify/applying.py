"""Waiting deliveries, in the order they came, each applied in the transaction that says so.

So each is applied exactly once, whenever the process dies. One that cannot be applied is tried
again a few times (a later start may know better) and then set aside; the others go on.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
import structlog

from control_plane import clock
from control_plane.shopify import compliance, effects, erased, erased_rows, outcomes
from control_plane.shopify.inbox import State, transaction
from control_plane.shopify.inbox_writer import count
from control_plane.shopify.kept import (
    Bulk,
    Compliance,
    DeletedOrder,
    Dispute,
    Inventory,
    Kept,
    Order,
    Product,
    Refund,
    RiskChange,
    Uninstalled,
    microseconds,
)
from control_plane.shopify.payloads import (
    BULK_TOPIC,
    COMPLIANCE_TOPICS,
    DISPUTE_TOPICS,
    ORDER_DELETED,
    ORDER_TOPICS,
    PRODUCT_TOPICS,
)
from control_plane.shopify.place import Place

MAX_ATTEMPTS = 3
Counted = Callable[[str, State], None]
Name = Callable[[str, str, str], str]
"""(shop, kind, raw id) → pseudonym."""
Ended = Callable[[str, str], None]
"""(domain, gid of the bulk operation)."""
log = structlog.get_logger(__name__)
KEPT: dict[str, type[Kept]] = {
    **dict.fromkeys(ORDER_TOPICS, Order),
    ORDER_DELETED: DeletedOrder,
    **dict.fromkeys(PRODUCT_TOPICS, Product),
    **dict.fromkeys(DISPUTE_TOPICS, Dispute),
    **dict.fromkeys(COMPLIANCE_TOPICS, Compliance),
    "refunds/create": Refund,
    "inventory_levels/update": Inventory,
    "orders/risk_assessment_changed": RiskChange,
    BULK_TOPIC: Bulk,
    "app/uninstalled": Uninstalled,
}


@dataclass(frozen=True)
class Applier:
    """``counted`` hears of each that is done, ``bulk_ended`` of bulk operations; by ``name`` it
    is known whether it was erased."""

    counted: Counted
    name: Name
    bulk_ended: Ended = lambda *_: None

    def __call__(self, connection: sqlite3.Connection, limit: int) -> int:
        """Apply at most ``limit`` of those that wait; how many were looked at."""
        rows = connection.execute(
            "SELECT * FROM delivery WHERE state = 0 ORDER BY seq LIMIT ?", (limit,)
        ).fetchall()
        if not rows:
            return 0
        ended: list[tuple[sqlite3.Row, State]] = []
        with transaction(connection):
            for row in rows:
                state = _apply_one(connection, row, self.name)
                if state is not None:
                    ended.append((row, state))
        for row, state in ended:
            self.counted(row["topic"], state)
            if row["topic"] == BULK_TOPIC and state is State.APPLIED:
                self.bulk_ended(row["domain"], msgspec.json.decode(row["kept"], type=Bulk).id)
        return len(rows)


def _apply_one(connection: sqlite3.Connection, row: sqlite3.Row, name: Name) -> State | None:
    connection.execute("SAVEPOINT one")
    try:
        state = _effect(connection, row, name)
    except Exception as error:
        log.exception("ingress_not_applied", seq=row["seq"], topic=row["topic"])
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return _failed(connection, row, error)
    connection.execute("RELEASE one")
    connection.execute(
        "UPDATE delivery SET state = ?, kept = NULL, done_at = ?, error = NULL WHERE seq = ?",
        (state, clock.now(), row["seq"]),
    )
    count(connection, row["topic"], state)
    return state


def _failed(connection: sqlite3.Connection, row: sqlite3.Row, error: Exception) -> State | None:
    """The kept part stays, so that it can be tried again by hand."""
    attempts = row["attempts"] + 1
    poison = attempts >= MAX_ATTEMPTS
    connection.execute(
        "UPDATE delivery SET attempts = ?, error = ?, state = ? WHERE seq = ?",
        (
            attempts,
            type(error).__name__,
            State.SET_ASIDE if poison else State.WAITING,
            row["seq"],
        ),
    )
    if not poison:
        return None
    count(connection, row["topic"], State.SET_ASIDE)
    return State.SET_ASIDE


def _effect(connection: sqlite3.Connection, row: sqlite3.Row, name: Name) -> State:
    kept = msgspec.json.decode(row["kept"], type=KEPT[row["topic"]])
    place = Place(row["domain"], row["shop"], row["received_at"])
    if isinstance(kept, Order | Refund | Dispute) and erased.covers(
        connection, place.domain, partial(name, place.shop), kept
    ):
        return State.STALE
    if isinstance(kept, DeletedOrder):
        fresh = _forget(connection, place, kept, name)
    else:
        fresh = _put(connection, place, row, kept)
    return State.APPLIED if fresh else State.STALE


def _forget(
    connection: sqlite3.Connection, place: Place, deleted: DeletedOrder, name: Name
) -> bool:
    """Whether there was anything of it. What comes late of such an order finds it erased."""
    digest = erased.digest_of(partial(name, place.shop), deleted.id)
    erased.remember(connection, (), (digest,), microseconds(datetime.fromisoformat(place.heard_at)))
    return any(erased_rows.of_orders(connection, place.domain, [deleted.id]).values())


def _put(connection: sqlite3.Connection, place: Place, row: sqlite3.Row, kept: Kept) -> bool:
    """Whether it was newer than what is known."""
    fresh = True
    match kept:
        case Order():
            fresh = effects.put_order(connection, place, kept)
            outcomes.cancellation(connection, place, kept)
        case Refund():
            fresh = outcomes.refund(connection, place, kept)
        case Dispute():
            fresh = outcomes.dispute(connection, place, kept)
        case Product():
            gone = row["topic"] == "products/delete"
            fresh = effects.put_product(connection, place, kept, gone=gone)
        case Inventory():
            fresh = effects.put_inventory(connection, place, kept)
        case Compliance():
            fresh = compliance.note(connection, place, row["topic"], row["seq"], kept)
        case Bulk():
            fresh = effects.put_bulk(connection, place, kept)
        case Uninstalled():
            fresh = effects.put_uninstalled(connection, place)
        case RiskChange():
            # Ours or another's: an assessment begins with an order, never with an assessment.
            pass
    return fresh
