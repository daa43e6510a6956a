"""Writes of the outcomes' files what has changed since they were last written, and else nothing.

Triggers of the one connection that writes note which parts its changes fall in, in a table of that
connection alone: nothing is kept of it. So everything is written anew at a start, and after a
writing that failed.
"""
# ruff: noqa: S608 - names of tables and columns are ours

import sqlite3
from pathlib import Path

from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.outcome_files import PART_BITS, write_files

_WATCHED = {"outcome": "order_id", "assessment": "order_id", "shop_order": "id"}
_CHANGES = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


class ChangedOutcomes:
    """``run`` writes them; of one thread."""

    def __init__(self, inbox: Path, folder: Path, writer: InboxWriter) -> None:
        """``writer``: its connection is watched (``watch``)."""
        self._inbox, self._folder, self._writer = inbox, folder, writer
        self._whole = True

    def run(self) -> dict[str, int]:
        """Table → rows written."""
        # Before they are read: what changes after this is noted for the next time.
        changed = self._writer.write(_take)
        parts, self._whole = None if self._whole else changed, True
        written = {} if parts == set() else write_files(self._inbox, self._folder, parts)
        self._whole = False
        return written


def watch(inbox: sqlite3.Connection) -> None:
    """Note from now on what changes through this connection; others change deliveries alone."""
    inbox.execute("CREATE TEMP TABLE changed_part (part INTEGER PRIMARY KEY)")
    for table, column in _WATCHED.items():
        for change, rows in _CHANGES.items():
            # Not OR IGNORE: in a trigger, the policy of the statement that fires it is what counts.
            notes = "".join(
                f"INSERT INTO changed_part SELECT {row}.{column} >> {PART_BITS} WHERE NOT EXISTS "
                f"(SELECT 1 FROM changed_part WHERE part = {row}.{column} >> {PART_BITS}); "
                for row in rows
            )
            inbox.execute(
                f"CREATE TEMP TRIGGER {table}_{change} AFTER {change} ON main.{table} "
                f"BEGIN {notes}END"
            )


def _take(inbox: sqlite3.Connection) -> set[int]:
    parts = {row[0] for row in inbox.execute("SELECT part FROM changed_part")}
    inbox.execute("DELETE FROM changed_part")
    return parts
