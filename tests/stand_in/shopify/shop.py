"""The shop behind the API: its records in one SQLite file, so that a million lines fit."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bentos.shopify_admin.clock import Clock
from tests.stand_in.shopify.records import Change, Kind, Record, Verb

# `customer` and `total` are of orders only: how often and for how much somebody bought.
SCHEMA = """
CREATE TABLE records (
    kind TEXT NOT NULL, number INTEGER NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, processed_at INTEGER NOT NULL, parent INTEGER, customer INTEGER,
    total INTEGER, body TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID;
"""
INDEXES = """
CREATE INDEX by_creation ON records (kind, created_at, number);
CREATE INDEX by_update ON records (kind, updated_at, number);
CREATE INDEX by_processing ON records (kind, processed_at, number);
CREATE INDEX by_parent ON records (kind, parent, number) WHERE parent IS NOT NULL;
CREATE INDEX by_customer ON records (customer, total) WHERE customer IS NOT NULL;
"""
COLUMNS = "kind, number, created_at, updated_at, processed_at, parent, body"
SORTS = ("number", "created_at", "updated_at", "processed_at")
FIRST_NUMBER = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE over the table's columns and ``body``, with its values."""

    sql: str = "1"
    values: tuple[Any, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"({self.sql}) AND ({other.sql})", (*self.values, *other.values))


EVERYTHING = Condition()


@dataclass(slots=True)
class Shop:
    """Records of one shop. Safe to use from several threads."""

    clock: Clock
    path: Path
    domain: str = "demo.myshopify.com"
    name: str = "Demo"
    number: int = 954889
    currency: str = "GBP"
    email: str = "owner@demo.example"
    _listeners: list[Callable[[Change], None]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _database: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self._database = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        # It lives as long as the process: nothing has to survive a crash.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def fill(self, records: Iterable[Record]) -> int:
        """Write what was there before anybody looked, telling no listener; the number of records.

        Call it once, before anything else.
        """
        count = 0
        with self._lock:
            self._database.execute("BEGIN")
            statement = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            for count, record in enumerate(records, start=1):  # noqa: B007
                self._database.execute(statement, _row(record))
            self._database.execute("COMMIT")
            self._database.executescript(INDEXES)
            self._database.execute("ANALYZE")
        return count

    def now(self) -> int:
        """The shop's time in whole seconds."""
        return int(self.clock.now().timestamp())

    def on_change(self, listener: Callable[[Change], None]) -> None:
        """Have ``listener`` called after each change, in the thread that made it."""
        self._listeners.append(listener)

    def add(self, kind: Kind, body: dict[str, Any], **columns: int | None) -> Record:
        """A new record, now; ``columns`` may give number, parent and the three times."""
        now = self.now()
        with self._lock:
            number = columns.get("number") or self._free_number(kind)
            created = columns.get("created_at") or now
            updated = columns.get("updated_at") or created
            processed = columns.get("processed_at") or created
            parent = columns.get("parent")
            record = Record(kind, number, created, updated, processed, parent, body)
            statement = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            self._database.execute(statement, _row(record))
        self._tell(Change(Verb.CREATE, record))
        return record

    def alter(self, kind: Kind, number: int, changes: dict[str, Any]) -> Record:
        """Change fields, which moves ``updated_at``; raises KeyError for what is not there."""
        with self._lock:
            old = self.get(kind, number)
            if old is None:
                raise KeyError(f"{kind} {number}")
            body = {**old.body, **changes}
            # Even within one second a change is to be seen as one.
            moved = max(self.now(), old.updated_at)
            new = Record(kind, number, old.created_at, moved, old.processed_at, old.parent, body)
            statement = "REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            self._database.execute(statement, _row(new))
        self._tell(Change(Verb.UPDATE, new))
        return new

    def delete(self, kind: Kind, number: int) -> Record:
        """Remove a record and what belongs to it; raises KeyError for what is not there."""
        with self._lock:
            old = self.get(kind, number)
            if old is None:
                raise KeyError(f"{kind} {number}")
            for child in CHILDREN.get(kind, ()):
                for record in self.children(child, number):
                    self.delete(child, record.number)
            statement = "DELETE FROM records WHERE kind = ? AND number = ?"
            self._database.execute(statement, (kind, number))
        self._tell(Change(Verb.DELETE, old))
        return old

    def get(self, kind: Kind, number: int) -> Record | None:
        """One record."""
        found = self._select("kind = ? AND number = ?", (kind, number))
        return found[0] if found else None

    def children(self, kind: Kind, parent: int) -> list[Record]:
        """The records of a kind that belong to another, e.g. an order's refunds."""
        return self._select("kind = ? AND parent = ? ORDER BY number", (kind, parent))

    def page(
        self,
        kind: Kind,
        where: Condition = EVERYTHING,
        *,
        sort: str = "number",
        reverse: bool = False,
        after: tuple[int, int] | None = None,
        limit: int = 250,
    ) -> list[Record]:
        """Up to ``limit`` records by ``sort``, then number; after (sort value, number).

        ``reverse`` turns the order and what counts as after.
        """
        if sort not in SORTS:
            raise ValueError(f"sort must be one of {SORTS}, not {sort!r}")
        condition = Condition("kind = ?", (kind,)) & where
        if after is not None:
            sign = "<" if reverse else ">"
            # First: of two lower bounds SQLite takes the one it meets first, and a search's would
            # have it walk from the beginning again for every page.
            condition = Condition(f"({sort}, number) {sign} (?, ?)", after) & condition
        turn = "DESC" if reverse else "ASC"
        ending = f" ORDER BY {sort} {turn}, number {turn} LIMIT {int(limit)}"
        return self._select(condition.sql + ending, condition.values)

    def every(self, kind: Kind, where: Condition = EVERYTHING, **options: Any) -> Iterator[Record]:
        """All records of a kind, in bounded memory; what changes meanwhile may be missed."""
        sort, after = options.pop("sort", "number"), None
        while page := self.page(kind, where, sort=sort, after=after, limit=1000, **options):
            yield from page
            after = (int(getattr(page[-1], sort)), page[-1].number)

    def count(self, kind: Kind, where: Condition = EVERYTHING, limit: int = -1) -> int:
        """How many, counting no further than ``limit`` (-1: all)."""
        condition = Condition("kind = ?", (kind,)) & where
        inner = f"SELECT 1 FROM records WHERE {condition.sql} LIMIT {int(limit)}"
        with self._lock:
            rows = self._database.execute(f"SELECT count(*) FROM ({inner})", condition.values)
            return int(rows.fetchone()[0])

    def bought(self, customer: int) -> tuple[int, int]:
        """How many orders a customer placed, and for how many hundredths of the currency."""
        statement = "SELECT count(*), coalesce(sum(total), 0) FROM records WHERE customer = ?"
        with self._lock:
            count, total = self._database.execute(statement, (customer,)).fetchone()
        return int(count), int(total)

    def _select(self, condition: str, values: Sequence[Any]) -> list[Record]:
        with self._lock:
            rows = self._database.execute(
                f"SELECT {COLUMNS} FROM records WHERE {condition}", values
            ).fetchall()
        return [Record(Kind(row[0]), *row[1:6], msgspec.json.decode(row[6])) for row in rows]

    def _free_number(self, kind: Kind) -> int:
        row = self._database.execute("SELECT max(number) FROM records WHERE kind = ?", (kind,))
        return max(FIRST_NUMBER, int(row.fetchone()[0] or 0)) + 1

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)


CHILDREN: dict[Kind, tuple[Kind, ...]] = {
    Kind.PRODUCT: (Kind.VARIANT,),
    Kind.VARIANT: (Kind.INVENTORY_ITEM,),
    Kind.INVENTORY_ITEM: (Kind.INVENTORY_LEVEL,),
    Kind.ORDER: (Kind.REFUND, Kind.DISPUTE),
}


def hundredths(amount: str) -> int:
    """An amount of money in hundredths."""
    return round(float(amount) * 100)


def _row(record: Record) -> tuple[Any, ...]:
    order = record.kind == Kind.ORDER
    return (
        record.kind,
        record.number,
        record.created_at,
        record.updated_at,
        record.processed_at,
        record.parent,
        record.body.get("customer") if order else None,
        hundredths(record.body.get("totalPriceSet", "0")) if order else None,
        json.dumps(record.body, ensure_ascii=False, separators=(",", ":")),
    )
