"""Reads rows of Parquet files through DuckDB: hits first, and whole rows only of those.

A hit knows its file and its row's number, so the whole row costs one row group, not a scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import TIME_COLUMN, Part
from control_plane.decisions.engine import Engine, Row

# A personal row stands where its public one does, or as many rows earlier as were erased before it.
WINDOW_ROWS = 256
FILES_AT_ONCE = 64


@dataclass(frozen=True)
class Hit:
    """Where one decision's row lies."""

    decision_id: str
    path: str
    number: int


class Rows:
    """Of one lake. ``files`` are always explicit: nothing is globbed."""

    def __init__(self, lake: Lake, engine: Engine) -> None:
        self._lake = lake
        self._engine = engine

    def hits(
        self, paths: Sequence[str], condition: str, values: dict[str, Any], limit: int
    ) -> list[Hit]:
        """Newest first. The condition uses columns that files of every release have."""
        if not paths:
            return []
        found = self._engine.rows(
            f"SELECT decision_id, filename, file_row_number FROM {_source('$files')}"  # noqa: S608
            f" WHERE {condition} ORDER BY decision_id DESC LIMIT {limit}",
            values | {"files": self.named(paths)},
        )
        return [
            Hit(row["decision_id"], self._path(row["filename"]), row["file_row_number"])
            for row in found
        ]

    def select(
        self, sql: str, paths: Sequence[str], values: dict[str, Any], **more: Sequence[str]
    ) -> list[Row]:
        """A query over ``{files}``, all rows of these files, columns by name; [] without any.

        ``more`` are further lists of files: ``personal`` is ``{personal}`` in the query.
        """
        if not paths:
            return []
        lists = {"files": paths, **more}
        sources = {name: _source(f"${name}", by_name=True) for name in lists}
        named = {name: self.named(each) for name, each in lists.items()}
        return self._engine.rows(sql.format(**sources), values | named)

    def whole(self, hits: Sequence[Hit]) -> list[Row]:
        """All columns of these rows, ``filename`` too, in the order of the hits; what is gone is
        left out. Files of older releases have fewer columns: they are null."""
        found: dict[str, Row] = {}
        for start in range(0, len(hits), FILES_AT_ONCE):
            found |= self._near(hits[start : start + FILES_AT_ONCE])
        lost = [hit for hit in hits if hit.decision_id not in found]
        for path in sorted({hit.path for hit in lost}):
            ids = [hit.decision_id for hit in lost if hit.path == path]
            found |= self.by_ids([path], ids)
        return [found[hit.decision_id] for hit in hits if hit.decision_id in found]

    def by_ids(self, paths: Sequence[str], ids: list[str]) -> dict[str, Row]:
        """Whole rows by decision id: reads the ids of all these files."""
        sql = f"{_all(paths)} FROM {{files}} WHERE decision_id IN (SELECT unnest($ids))"
        rows = self.select(sql, paths, {"ids": ids})
        return {row["decision_id"]: self._with_path(row) for row in rows}

    def named(self, paths: Sequence[str]) -> list[str]:
        """Paths as DuckDB takes them."""
        if self._lake.is_local:
            return list(paths)
        return [self._lake.file_system.unstrip_protocol(path) for path in paths]

    def _near(self, hits: Sequence[Hit]) -> dict[str, Row]:
        values: dict[str, Any] = {}
        parts = []
        for index, hit in enumerate(hits):
            [name] = self.named([hit.path])
            values |= {f"f{index}": name, f"i{index}": hit.decision_id, f"n{index}": hit.number}
            parts.append(
                f"{_all([hit.path])} FROM {_source(f'$f{index}')}"
                f" WHERE file_row_number BETWEEN $n{index} AND $n{index} + {WINDOW_ROWS}"
                f" AND decision_id = $i{index}"
            )
        sql = " UNION ALL BY NAME ".join(parts)
        return {row["decision_id"]: self._with_path(row) for row in self._engine.rows(sql, values)}

    def _with_path(self, row: Row) -> Row:
        kept = {name: value for name, value in row.items() if name != "file_row_number"}
        return kept | {"filename": self._path(row["filename"])}

    def _path(self, name: str) -> str:
        if self._lake.is_local:
            return name
        return str(self._lake.file_system._strip_protocol(name))  # noqa: SLF001 - fsspec's own way


def _source(files: str, *, by_name: bool = False) -> str:
    """``read_parquet`` over a parameter. Days and models are columns of the rows themselves."""
    more = ", union_by_name = true" if by_name else ", file_row_number = true"
    return f"read_parquet({files}, hive_partitioning = false, filename = true{more})"


def _all(paths: Sequence[str]) -> str:
    # ``time`` says in the engine's own way what ``at`` says as it was hashed.
    is_public = bool(paths) and f"/{Part.PUBLIC}/day=" in paths[0]
    return f"SELECT * EXCLUDE ({TIME_COLUMN})" if is_public else "SELECT *"
