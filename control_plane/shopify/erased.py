"""Who was erased, so that nothing old of theirs comes back.

Shopify may tell of an old order again (a refund, an edit, the reconcile job) after its customer
was erased here. The table ``erased`` holds digests of the pseudonyms of erased customers and
orders: they name nobody without the key, and say whether an order is one of those. What a
customer does afterwards is new, and taken in.
"""

import sqlite3
from collections.abc import Iterable

from bentos.contract.redaction import subject_digest
from control_plane.shopify.kept import Dispute, Order, Refund
from control_plane.shopify.subjects import ORDER, Name


def remember(
    inbox: sqlite3.Connection, subjects: Iterable[str], orders: Iterable[str], before_us: int
) -> None:
    """Pseudonyms of customers, whose orders until then were erased, and of orders."""
    inbox.executemany(
        "INSERT INTO erased VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET before_us = max(before_us, excluded.before_us)",
        [(subject_digest(each), before_us) for each in (*subjects, *orders)],
    )


def covers(inbox: sqlite3.Connection, name: Name, what: Order | Refund | Dispute) -> bool:
    """Whether this belongs to an order that was erased, or would have been had it been here."""
    if isinstance(what, Order):
        if what.customer is not None:
            before = _before(inbox, what.customer)
            if before is not None and what.created_us <= before:
                return True
        return _before(inbox, name(ORDER, str(what.id))) is not None
    return what.order is not None and _before(inbox, name(ORDER, str(what.order))) is not None


def _before(inbox: sqlite3.Connection, pseudonym: str) -> int | None:
    row = inbox.execute(
        "SELECT before_us FROM erased WHERE name = ?", (subject_digest(pseudonym),)
    ).fetchone()
    return None if row is None else int(row["before_us"])
