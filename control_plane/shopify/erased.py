"""Who was erased, so that nothing old of theirs comes back.

Shopify may tell of an old order again (a refund, an edit, the reconcile job) after its customer
was erased here. The table ``erased`` holds digests of the pseudonyms of erased customers and of
erased orders: they name nobody without the key, and say whether an order is one of those. What a
customer orders after they asked is new, and taken in.
"""

import sqlite3
from collections.abc import Iterable

from bentos.contract.redaction import ERASED_ORDER, order_digest, subject_digest
from control_plane.shopify.kept import Dispute, Order, Refund
from control_plane.shopify.subjects import ORDER, Name

ERASED_SHOP = "erased shop"
"""Kind of the pseudonym that stands for everybody of it."""


def remember(
    inbox: sqlite3.Connection, subjects: Iterable[str], orders: Iterable[str], before_us: int
) -> None:
    """Digests of customers, of whom orders until then do not come back, and of orders that do
    not at all (``order_digest``). A redaction's record has the same, so a restored inbox can be
    told of them."""
    inbox.executemany(
        "INSERT INTO erased VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET before_us = max(before_us, excluded.before_us)",
        [(each, before_us) for each in (*subjects, *orders)],
    )


def whole_shop(name: Name) -> str:
    """The digest of a shop as a whole, which is remembered like a customer who bought all."""
    return subject_digest(name(ERASED_SHOP, ""))


def digest_of(name: Name, order: int) -> str:
    """How an order that does not come back is remembered."""
    return order_digest(name(ERASED_ORDER, ""), str(order))


def covers(
    inbox: sqlite3.Connection, domain: str, name: Name, what: Order | Refund | Dispute
) -> bool:
    """Whether this belongs to an order that was erased, or would have been had it been here.

    Of a shop that was erased whole, refunds and disputes are taken in of newer orders alone, and
    only once these were heard of: one nobody knows may be from before.
    """
    if isinstance(what, Order):
        whose = [whole_shop(name)]
        if what.customer is not None:
            whose.append(subject_digest(what.customer))
        if any(what.created_us <= (_before(inbox, each) or 0) for each in whose):
            return True
        return _is_erased(inbox, name, what.id)
    if what.order is None:
        return False
    whole = _before(inbox, whole_shop(name))
    if whole is not None and not _is_newer(inbox, domain, what.order, whole):
        return True
    return _is_erased(inbox, name, what.order)


def _is_erased(inbox: sqlite3.Connection, name: Name, order: int) -> bool:
    # The second is how earlier releases remembered one.
    forms = digest_of(name, order), subject_digest(name(ORDER, str(order)))
    return any(_before(inbox, each) is not None for each in forms)


def _is_newer(inbox: sqlite3.Connection, domain: str, order: int, than_us: int) -> bool:
    query = "SELECT 1 FROM shop_order WHERE domain = ? AND id = ? AND created_us > ?"
    return inbox.execute(query, (domain, order, than_us)).fetchone() is not None


def _before(inbox: sqlite3.Connection, digest: str) -> int | None:
    row = inbox.execute("SELECT before_us FROM erased WHERE name = ?", (digest,)).fetchone()
    return None if row is None else int(row["before_us"])
