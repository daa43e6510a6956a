"""An inbox out of a backup, without everybody who was erased after it was made.

The lake's records know them by digests alone. They stay known as erased, so that no late
delivery and no reconcile job tells of them again; what they ordered afterwards is theirs to keep.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path

from bentos import redaction_files
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import (
    RedactionRecord,
    order_digest,
    order_secret,
    subject_digest,
    until_us,
)
from control_plane.consents.exclusions import KEY_FILE
from control_plane.shopify.erased import whole_shop
from control_plane.shopify.erased_rows import Found, of_customer
from control_plane.shopify.inbox import open_inbox, transaction

REMEMBER = (
    "INSERT INTO erased VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
    " SET before_us = max(before_us, excluded.before_us)"
)


def leave_out_erased(inbox: Path, lake: Path, keys: Path) -> None:
    """Raises ContractError for a damaged record of the lake."""
    records = [redaction_files.read_record(path) for path in redaction_files.record_files(lake)]
    if not records:
        return
    for suffix in ("-wal", "-shm"):
        # Of a restore that was killed here: it is not this file's.
        inbox.with_name(f"{inbox.name}{suffix}").unlink(missing_ok=True)
    with closing(open_inbox(inbox)) as connection:
        with transaction(connection):
            _take_out(connection, records, keys)
        connection.execute("VACUUM")
        # One file, as the backup's was.
        connection.execute("PRAGMA journal_mode = DELETE")


def _take_out(inbox: sqlite3.Connection, records: list[RedactionRecord], keys: Path) -> None:
    until = _latest((name, until_us(each)) for each in records for name in each.subjects_sha256)
    shops = _latest((each.shop, until_us(each)) for each in records if each.shop)
    keyed = {name for record in records for name in record.orders_keyed}
    orders = {*keyed, *(name for record in records for name in record.orders_sha256)}
    secrets = _Secrets(keys)
    found = Found(frozenset())
    query = "SELECT shop, domain, id, customer, created_us FROM shop_order"
    for row in inbox.execute(query).fetchall():
        number = str(row["id"])
        names = {subject_digest(number)}
        if keyed:
            names.add(order_digest(secrets.of(row["shop"]), number))
        before = max(
            until.get(subject_digest(row["customer"] or ""), -1), shops.get(row["shop"], -1)
        )
        if row["created_us"] <= before or names & orders:
            found.orders.setdefault(row["domain"], set()).add(row["id"])
    of_customer(inbox, found)
    whole = [(secrets.whole(shop), before) for shop, before in shops.items()]
    known = [*until.items(), *whole, *((each, 0) for each in sorted(keyed))]
    inbox.executemany(REMEMBER, known)


def _latest(moments: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Name → the latest moment told of it."""
    return dict(sorted(moments, key=lambda each: each[1]))


class _Secrets:
    """With what orders are digested, by their shop; and the shop itself."""

    def __init__(self, keys: Path) -> None:
        self._file = keys / KEY_FILE
        self._known: dict[str, str] = {}

    def of(self, shop: str) -> str:
        """The shop's."""
        if shop not in self._known:
            self._known[shop] = order_secret(self._pseudonyms(), shop)
        return self._known[shop]

    def whole(self, shop: str) -> str:
        """How the ingress remembers that it was erased whole."""
        return whole_shop(partial(self._pseudonyms().pseudonym, shop))

    def _pseudonyms(self) -> Pseudonymizer:
        return Pseudonymizer("", bytes.fromhex(self._file.read_text("ascii").strip()))
