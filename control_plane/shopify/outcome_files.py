"""Delayed labels for training: outcomes and assessments as two Parquet tables of the lake.

``lake/outcomes/outcomes.parquet``: what became of orders, each with the decision about that order
where there was one. ``lake/outcomes/assessments.parquet``: every order that was decided about, so
that "nothing bad was heard in 120 days" can be told from "never scored".

Each is a folder, which readers of Parquet take for a file, with a part for each range of order ids.
Ids rise with time, so what changes lies in few parts. A part is whole or as before.
"""

import os
import sqlite3
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from control_plane.shopify.inbox import read_inbox

BATCH = 50_000
PART_BITS = 36
"""The ids of one part differ in so many bits at most. Of Shopify's, that is some weeks' orders."""
EVER = 0
"""The part that is there even without a row, as it tells the columns."""
_ONE = threading.Lock()
MICROSECONDS = pa.timestamp("us", tz="UTC")
OUTCOMES = pa.schema(
    [
        ("domain", pa.string()),
        ("order_id", pa.int64()),
        ("kind", pa.string()),
        ("source", pa.int64()),
        ("at", MICROSECONDS),
        ("amount", pa.string()),
        ("currency", pa.string()),
        ("detail", pa.string()),
        ("status", pa.string()),
        ("fraud", pa.int8()),
        ("known_at", pa.string()),
        ("decision_id", pa.string()),
        ("version", pa.string()),
        ("probability", pa.float64()),
        ("level", pa.string()),
    ]
)
ASSESSMENTS = pa.schema(
    [
        ("domain", pa.string()),
        ("order_id", pa.int64()),
        ("ordered_at", MICROSECONDS),
        ("state", pa.string()),
        ("decision_id", pa.string()),
        ("version", pa.string()),
        ("probability", pa.float64()),
        ("level", pa.string()),
        ("sent_at", pa.string()),
    ]
)
_OUTCOMES = """
SELECT w.domain, w.order_id, w.kind, w.source, w.at_us, w.amount,
    coalesce(w.currency, o.currency), w.detail, w.status, w.fraud, w.known_at,
    a.decision_id, a.version, a.probability, a.level
FROM outcome AS w INDEXED BY outcome_order
LEFT JOIN shop_order AS o ON o.domain = w.domain AND o.id = w.order_id
LEFT JOIN assessment AS a ON a.domain = w.domain AND a.order_id = w.order_id
    AND a.probability IS NOT NULL
WHERE coalesce(o.test, 0) = 0 AND w.domain = :domain
    AND w.order_id BETWEEN :first AND :last
ORDER BY w.order_id, w.kind, w.source"""
_ASSESSMENTS = """
SELECT a.domain, a.order_id, o.created_us, a.state, a.decision_id, a.version, a.probability,
    a.level, a.sent_at
FROM assessment AS a JOIN shop_order AS o ON o.domain = a.domain AND o.id = a.order_id
WHERE a.probability IS NOT NULL AND o.test = 0 AND a.domain = :domain
    AND a.order_id BETWEEN :first AND :last
ORDER BY a.order_id"""


class _Table(NamedTuple):
    name: str
    rows: str
    query: str
    schema: pa.Schema


TABLES = (
    _Table("outcomes", "outcome", _OUTCOMES, OUTCOMES),
    _Table("assessments", "assessment", _ASSESSMENTS, ASSESSMENTS),
)


def write_files(inbox: Path, folder: Path, parts: Collection[int] | None = None) -> dict[str, int]:
    """Write both; table → rows written. ``parts``: numbers of those that changed, None: all.

    What a killed ingress left half-written goes, as it may hold whom an erasure has taken out
    since: one process writes here, and one of its threads at a time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _ONE, closing(read_inbox(inbox)) as connection:
        connection.row_factory = None
        _remove_left_behind(folder)
        # One snapshot: an outcome's decision is in the other table.
        connection.execute("BEGIN")
        return {table.name: _write(connection, table, folder, parts) for table in TABLES}


def _remove_left_behind(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix != ".parquet":
            path.unlink(missing_ok=True)


def _write(
    connection: sqlite3.Connection, table: _Table, folder: Path, parts: Collection[int] | None
) -> int:
    place = folder / f"{table.name}.parquet"
    if not place.is_dir():
        # An earlier release wrote one file, of everything.
        place.unlink(missing_ok=True)
        place.mkdir()
        parts = None
    shops = list(_shops(connection, table))
    wanted = _all_parts(connection, table) if parts is None else parts
    rows = sum(_write_part(connection, table, place, part, shops) for part in sorted(wanted))
    if parts is None:
        names = {_name(part) for part in wanted}
        for path in place.iterdir():
            if path.name not in names:
                path.unlink()
    return rows


def _all_parts(connection: sqlite3.Connection, table: _Table) -> set[int]:
    found = connection.execute(
        f"SELECT DISTINCT order_id >> {PART_BITS} FROM {table.rows}"  # noqa: S608 - ours
    )
    return {row[0] for row in found} | {EVER}


def _shops(connection: sqlite3.Connection, table: _Table) -> Iterator[str]:
    """Step by step through the index: there are few, with many rows each."""
    query = f"SELECT min(domain) FROM {table.rows} WHERE domain > ?"  # noqa: S608 - ours
    domain = ""
    while (domain := connection.execute(query, [domain]).fetchone()[0]) is not None:
        yield domain


def _name(part: int) -> str:
    return f"part-{part:08x}.parquet"


def _write_part(
    connection: sqlite3.Connection, table: _Table, place: Path, part: int, shops: list[str]
) -> int:
    """How many rows it holds; without any it goes, but for the one that tells the columns."""
    handle, name = tempfile.mkstemp(dir=place.parent)
    temporary, target = Path(name), place / _name(part)
    rows = 0
    try:
        with os.fdopen(handle, "wb") as file:
            with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
                for batch in _batches(connection, table, part, shops):
                    writer.write_table(batch)
                    rows += batch.num_rows
            file.flush()
            os.fsync(file.fileno())
        if rows or part == EVER:
            temporary.replace(target)
        else:
            target.unlink(missing_ok=True)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _batches(
    connection: sqlite3.Connection, table: _Table, part: int, shops: list[str]
) -> Iterator[pa.Table]:
    bounds = {"first": part << PART_BITS, "last": (part + 1 << PART_BITS) - 1}
    for domain in shops:
        cursor = connection.execute(table.query, bounds | {"domain": domain})
        while batch := cursor.fetchmany(BATCH):
            columns = zip(zip(*batch, strict=True), table.schema, strict=True)
            arrays = [pa.array(column, field.type) for column, field in columns]
            yield pa.Table.from_arrays(arrays, schema=table.schema)
