"""Delayed labels for training: outcomes and assessments as two Parquet files of the lake.

``lake/outcomes/outcomes.parquet``: what became of orders, each with the decision about that order
where there was one. ``lake/outcomes/assessments.parquet``: every order that was decided about, so
that "nothing bad was heard in 120 days" can be told from "never scored". Whole or as before.
"""

import os
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from control_plane.shopify.inbox import read_inbox

BATCH = 50_000
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
FROM outcome AS w
LEFT JOIN shop_order AS o ON o.domain = w.domain AND o.id = w.order_id
LEFT JOIN assessment AS a ON a.domain = w.domain AND a.order_id = w.order_id
    AND a.probability IS NOT NULL
WHERE coalesce(o.test, 0) = 0
ORDER BY w.domain, w.order_id, w.kind, w.source"""
_ASSESSMENTS = """
SELECT a.domain, a.order_id, o.created_us, a.state, a.decision_id, a.version, a.probability,
    a.level, a.sent_at
FROM assessment AS a JOIN shop_order AS o ON o.domain = a.domain AND o.id = a.order_id
WHERE a.probability IS NOT NULL AND o.test = 0 ORDER BY a.domain, a.order_id"""


def write_files(inbox: Path, folder: Path) -> dict[str, int]:
    """Write both; file → rows. What a killed ingress left half-written goes, as it may hold whom
    an erasure has taken out since: one process writes here, and one of its threads at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with _ONE, closing(read_inbox(inbox)) as connection:
        _remove_left_behind(folder)
        # One snapshot: an outcome's decision is in the other file.
        connection.execute("BEGIN")
        return {
            "outcomes": _write(connection, _OUTCOMES, OUTCOMES, folder / "outcomes.parquet"),
            "assessments": _write(
                connection, _ASSESSMENTS, ASSESSMENTS, folder / "assessments.parquet"
            ),
        }


def _remove_left_behind(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix != ".parquet":
            path.unlink(missing_ok=True)


def _write(connection: sqlite3.Connection, query: str, schema: pa.Schema, path: Path) -> int:
    handle, name = tempfile.mkstemp(dir=path.parent)
    rows = 0
    try:
        with os.fdopen(handle, "wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                cursor = connection.execute(query)
                while batch := cursor.fetchmany(BATCH):
                    columns = list(zip(*batch, strict=True))
                    arrays = [
                        pa.array(column, field.type)
                        for column, field in zip(columns, schema, strict=True)
                    ]
                    writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                    rows += len(batch)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return rows
