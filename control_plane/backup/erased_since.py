"""An inbox out of a backup, without everybody who was erased after it was made.

The lake's records know them by digests alone. They stay known as erased, so that no late
delivery and no reconcile job tells of them again; what they ordered afterwards is theirs to keep.
"""

import sqlite3
from contextlib import closing
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
    until: dict[str, int] = {}
    keyed = {name for record in records for name in record.orders_keyed}
    orders = {*keyed, *(name for record in records for name in record.orders_sha256)}
    for record in records:
        for name in record.subjects_sha256:
            until[name] = max(until_us(record), until.get(name, 0))
    secrets = _Secrets(keys)
    found = Found(frozenset())
    query = "SELECT shop, domain, id, customer, created_us FROM shop_order"
    for row in inbox.execute(query).fetchall():
        number = str(row["id"])
        names = {subject_digest(number)}
        if keyed:
            names.add(order_digest(secrets.of(row["shop"]), number))
        before = until.get(subject_digest(row["customer"] or ""), -1)
        if row["created_us"] <= before or names & orders:
            found.orders.setdefault(row["domain"], set()).add(row["id"])
    of_customer(inbox, found)
    inbox.executemany(REMEMBER, [*until.items(), *((each, 0) for each in sorted(keyed))])


class _Secrets:
    """With what orders are digested, by their shop."""

    def __init__(self, keys: Path) -> None:
        self._file = keys / KEY_FILE
        self._known: dict[str, str] = {}

    def of(self, shop: str) -> str:
        """The shop's."""
        if shop not in self._known:
            key = bytes.fromhex(self._file.read_text("ascii").strip())
            self._known[shop] = order_secret(Pseudonymizer("", key), shop)
        return self._known[shop]
