"""Whom open law requests name: what they need is kept, however old it is."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest
from control_plane.redactions.note import data_request_files
from control_plane.shopify import compliance

EVERY_REQUEST = 1_000_000


@dataclass(frozen=True)
class Held:
    """Pseudonyms, order numbers, and shops that are asked about as a whole."""

    subjects: frozenset[str]
    orders: frozenset[int]
    shops: frozenset[str]

    def holds(self, shop: str | None, order: int, customer: str | None) -> bool:
        """Whether a request may be about this order. Without a ``shop``, any may be the one."""
        whole = bool(self.shops) if shop is None else shop in self.shops
        return whole or order in self.orders or customer in self.subjects


def read_held(home: Path, inbox: sqlite3.Connection) -> Held:
    """Of files that were handed over, and of requests nobody has taken yet.

    Raises ContractError where a file cannot be read: whom it names, nobody knows.
    """
    # First: what is handed over meanwhile has its file before its row is taken.
    waiting = compliance.open_requests(inbox, EVERY_REQUEST)
    files = [*redaction_files.request_files(home), *data_request_files(home)]
    found = list(_requests(files))
    return Held(
        subjects=frozenset(name for each in found for name in each.subjects)
        | {name for each in waiting for name in each.subjects.values()},
        orders=frozenset(int(number) for each in found for number in each.order_numbers)
        | {number for each in waiting for number in each.order_ids},
        shops=frozenset(each.shop for each in found if each.kind is RedactionKind.SHOP)
        | {each.shop for each in waiting if not each.subjects and not each.order_ids},
    )


def _requests(files: Iterable[Path]) -> Iterable[RedactionRequest]:
    for path in files:
        try:
            yield redaction_files.read_request(path)
        except ContractError:
            # Closed while we looked?
            if path.exists():
                raise
