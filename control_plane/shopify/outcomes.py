"""What became of an order: refunds, returns, chargebacks, cancellations, as delayed labels.

``fraud``: 1 says it was, 0 that it was not, NULL that this says nothing about it. A dispute is
seen in several states, which have no time of their own: the one further along wins (``rank``).
"""

import sqlite3
from datetime import datetime

from control_plane.shopify.kept import Dispute, Order, Refund, microseconds
from control_plane.shopify.place import Place

REFUND, RETURN, CANCELLATION = "refund", "return", "cancellation"
FRAUD_REASONS = frozenset({"fraudulent", "debit_not_authorized", "unrecognized"})
RANKS = {"needs_response": 1, "under_review": 2}
FINAL_RANK = 3
LOST = frozenset({"lost", "accepted", "charge_refunded"})
_PUT = (
    "INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (domain, kind, source) DO UPDATE SET at_us = excluded.at_us,"
    " amount = excluded.amount, currency = excluded.currency, detail = excluded.detail,"
    " status = excluded.status, rank = excluded.rank, fraud = excluded.fraud,"
    " known_at = excluded.known_at WHERE excluded.rank >= outcome.rank"
)


def cancellation(connection: sqlite3.Connection, place: Place, order: Order) -> None:
    """Cancelled for fraud is a label; cancelled for anything else is an outcome only."""
    if order.cancelled_us is None:
        return
    fraud = 1 if order.cancel_reason == "fraud" else None
    detail = order.cancel_reason
    row = (order.id, order.id, order.cancelled_us, None, order.currency, detail, None, 0, fraud)
    connection.execute(_PUT, (place.domain, CANCELLATION, *row, place.heard_at))


def refund(connection: sqlite3.Connection, place: Place, refund: Refund) -> bool:
    """Money that went back, and whether goods did."""
    kind = RETURN if refund.returned else REFUND
    detail = str(refund.returned) if refund.returned else None
    row = (refund.id, refund.order, refund.at_us, str(refund.amount), None, detail, None, 0, None)
    cursor = connection.execute(_PUT, (place.domain, kind, *row, place.heard_at))
    return cursor.rowcount == 1


def dispute(connection: sqlite3.Connection, place: Place, dispute: Dispute) -> bool:
    """A chargeback or an inquiry, as far as it has come."""
    if dispute.order is None:
        return False
    kind = dispute.type or "chargeback"
    at = dispute.initiated_us
    if at is None:
        at = microseconds(datetime.fromisoformat(place.heard_at))
    amount = None if dispute.amount is None else str(dispute.amount)
    rank = RANKS.get(dispute.status or "needs_response", FINAL_RANK)
    said = (dispute.currency, dispute.reason, dispute.status, rank, fraud_label(dispute))
    row = (dispute.id, dispute.order, at, amount, *said)
    cursor = connection.execute(_PUT, (place.domain, kind, *row, place.heard_at))
    return cursor.rowcount == 1


def fraud_label(dispute: Dispute) -> int | None:
    """1: a chargeback as fraud that is not won; 0: one that was won. Inquiries say nothing."""
    if dispute.type != "chargeback" or dispute.reason not in FRAUD_REASONS:
        return None
    if dispute.status in {"won", "prevented"}:
        return 0
    return 1
