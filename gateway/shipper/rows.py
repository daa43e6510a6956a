"""Rows that gather in Arrow batches: thousands of dicts at a time, not a segment's worth."""

from typing import Any

import pyarrow as pa

BATCH_ROWS = 4096


class Rows:
    """``schema`` is an Arrow schema; rows are dicts with a value for each of its columns."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._batches: list[Any] = []
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        """One more row."""
        self._rows.append(row)
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def table(self) -> Any:
        """All rows so far as one Arrow table."""
        self._flush()
        return pa.Table.from_batches(self._batches, schema=self._schema).combine_chunks()

    def _flush(self) -> None:
        if self._rows:
            self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            self._rows = []
