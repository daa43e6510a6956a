"""The three forms of an export's events: JSON lines, CSV, Parquet, each written as it comes.

In JSON lines each line is an event's canonical JSON, the very bytes that were hashed. CSV and
Parquet have a column for each member and one, ``event``, with those bytes.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from enum import StrEnum
from typing import IO, Any, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from bentos.contract.canonical import canonical_json
from control_plane.audit.event_row import Members
from control_plane.audit.offline.exports import cell, flat

COLUMNS = (
    *("seq", "id", "at", "actor_type", "actor_id", "actor_auth_method", "actor_key_id"),
    *("on_behalf_of", "ip", "user_agent", "request_id", "action", "entity", "entity_revision"),
    *("before", "after", "diff", "reason", "ticket", "approvals", "outcome", "schema"),
)
_INTEGERS = ("seq", "entity_revision", "schema")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.int64() if name in _INTEGERS else pa.string()) for name in COLUMNS),
        pa.field("event", pa.string()),
    ]
)


class Form(StrEnum):
    """What an export can be asked for."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Digesting:
    """A file that is written once, forward, and knows its SHA-256."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._place = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Pass on and digest."""
        self._file.write(data)
        self._digest.update(data)
        self._place += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._place

    def flush(self) -> None:
        """Nothing is held back here."""

    def writable(self) -> bool:
        """It is a file to write to."""
        return True

    def readable(self) -> bool:
        """… and not to read from."""
        return False

    def seekable(self) -> bool:
        """… nor to go back in."""
        return False

    def close(self) -> None:
        """The archive closes its own entry."""

    def hexdigest(self) -> str:
        """SHA-256 of everything written, in hex."""
        return self._digest.hexdigest()


def _row(event: Members) -> dict[str, Any]:
    """Columns of an event, read from what was hashed: 1.0 is 1 there."""
    text = canonical_json(event).decode()
    hashed = json.loads(text)
    return {**{name: flat(hashed, name) for name in COLUMNS}, "event": text}


class Writer(Protocol):
    """Writes events in one form."""

    def write(self, events: list[Members]) -> None: ...  # noqa: D102
    def end(self) -> None: ...  # noqa: D102


def open_writer(form: Form, file: Digesting) -> Writer:
    """A writer of that form."""
    writers: dict[Form, Callable[[Digesting], Writer]] = {
        Form.JSONL: JsonLines,
        Form.CSV: Csv,
        Form.PARQUET: Parquet,
    }
    return writers[form](file)


class JsonLines:
    """An event a line."""

    def __init__(self, file: Digesting) -> None:
        self._file = file

    def write(self, events: list[Members]) -> None:
        """Add events."""
        self._file.write(b"".join(canonical_json(event) + b"\n" for event in events))

    def end(self) -> None:
        """No more events."""


class Csv:
    """RFC 4180, with a head."""

    def __init__(self, file: Digesting) -> None:
        self._file = file
        self._put([*COLUMNS, "event"])

    def write(self, events: list[Members]) -> None:
        """Add events."""
        for event in events:
            self._put([cell(value) for value in _row(event).values()])

    def end(self) -> None:
        """No more events."""

    def _put(self, values: list[str]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line).writerow(values)
        self._file.write(line.getvalue().encode())


class Parquet:
    """A row group a batch."""

    def __init__(self, file: Digesting) -> None:
        self._writer = pq.ParquetWriter(cast("Any", file), _SCHEMA, compression="zstd")

    def write(self, events: list[Members]) -> None:
        """Add events."""
        rows = [_row(event) for event in events]
        self._writer.write_table(pa.Table.from_pylist(rows, _SCHEMA))

    def end(self) -> None:
        """No more events: the footer."""
        self._writer.close()
