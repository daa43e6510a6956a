"""An inbox out of a backup, without everybody who was erased after it was made.

The lake's records know them by digests alone. They stay known as erased, so that no late
delivery and no reconcile job tells of them again; what they ordered afterwards is theirs to keep.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord, subject_digest
from control_plane.shopify.erased_rows import Found, of_customer
from control_plane.shopify.inbox import open_inbox, transaction
from control_plane.shopify.kept import microseconds

REMEMBER = (
    "INSERT INTO erased VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
    " SET before_us = max(before_us, excluded.before_us)"
)


def leave_out_erased(inbox: Path, lake: Path) -> None:
    """Raises ContractError for a damaged record of the lake."""
    records = [redaction_files.read_record(path) for path in redaction_files.record_files(lake)]
    if not records:
        return
    for suffix in ("-wal", "-shm"):
        # Of a restore that was killed here: it is not this file's.
        inbox.with_name(f"{inbox.name}{suffix}").unlink(missing_ok=True)
    with closing(open_inbox(inbox)) as connection:
        with transaction(connection):
            _take_out(connection, records)
        connection.execute("VACUUM")
        # One file, as the backup's was.
        connection.execute("PRAGMA journal_mode = DELETE")


def _take_out(inbox: sqlite3.Connection, records: list[RedactionRecord]) -> None:
    until = dict(sorted(_until(records), key=lambda each: each[1]))
    found = Found(frozenset())
    for row in inbox.execute("SELECT domain, id, customer, created_us FROM shop_order").fetchall():
        names = {str(row["id"]), row["customer"] or ""}
        if row["created_us"] <= max(until.get(subject_digest(name), -1) for name in names):
            found.orders.setdefault(row["domain"], set()).add(row["id"])
    of_customer(inbox, found)
    subjects = [each for record in records for each in record.subjects_sha256]
    inbox.executemany(REMEMBER, [(each, until[each]) for each in subjects])


def _until(records: list[RedactionRecord]) -> Iterator[tuple[str, int]]:
    """(digest of a pseudonym or order, µs until which it is erased)."""
    for record in records:
        at = microseconds(datetime.fromisoformat(record.at))
        yield from ((each, at) for each in (*record.subjects_sha256, *record.orders_sha256))
