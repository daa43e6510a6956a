"""Where Parquet files lie: a folder, or any file system fsspec knows. Files appear whole.

public/    day=…/model=…/<segment>.parquet    hashed, nobody's personal data
personal/  the same names and row order       what erasure removes rows from
shadow/    day=…/model=…/<segment file>.parquet   shadow outcomes
"""

import json
import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from bentos.decision_lake.layout import ROW_GROUP_ROWS

COMPACTED = "compact-"
# Key of a compacted file's metadata: a JSON list of the names of what it holds.
SOURCES = b"signalbox.sources"
# An object store shows an object only when its upload is complete.
_WHOLE_PUT = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "memory"}


class Lake:
    """Raises OSError, or what the file system at ``url`` raises."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        protocols = self._fs.protocol
        self._protocols = {protocols} if isinstance(protocols, str) else set(protocols)

    def write(self, kind: str, partition: str, name: str, table: Any) -> None:
        """One file. One that is there stays: it is whole, and rows may have been erased since."""
        path = self.path(kind, partition, name)
        if not self._fs.exists(path) and name not in self._compacted(f"{kind}/{partition}"):
            self._put(path, _parquet(table))

    def replace(self, path: str, table: Any) -> None:
        """Put a table in a file's place, whole or not at all; the file's own metadata stays."""
        self._put(path, _parquet(table))

    def remove(self, path: str) -> None:
        """Delete a file; one that is gone already is no error."""
        if self._fs.exists(path):
            self._fs.rm_file(path)

    def days(self, kind: str) -> list[str]:
        """Days that have a folder, in order."""
        return _members(self._folders(f"{self._root}/{kind}"), "day=")

    def files(self, kind: str, day: str, model: str | None = None) -> list[str]:
        """Paths of one day's files, of one model or of all; without those being written."""
        self._fs.invalidate_cache()
        folder = f"{self._root}/{kind}/day={quote(day, safe='')}"
        if model is None:
            folders = self._folders(folder)
        else:
            folders = [f"{folder}/model={quote(model, safe='')}"]
        return [
            path
            for each in folders
            for path in sorted(self._names_in(each))
            if path.endswith(".parquet")
        ]

    def leftovers(self, kind: str, day: str, older: timedelta = timedelta(0)) -> list[str]:
        """Temporary files of one day that are older: a process that died left them behind."""
        before = datetime.now(UTC) - older
        folder = f"{self._root}/{kind}/day={quote(day, safe='')}"
        found = (path for each in self._folders(folder) for path in self._names_in(each))
        return sorted(p for p in found if p.endswith(".tmp") and self._written(p) <= before)

    def size(self, path: str) -> int:
        """Bytes of a file."""
        return int(self._fs.size(path))

    def path(self, kind: str, partition: str, name: str) -> str:
        """Where a file of this name lies."""
        return f"{self._root}/{kind}/{partition}/{name}.parquet"

    def exists(self, path: str) -> bool:
        """Whether a file is there."""
        return bool(self._fs.exists(path))

    def open(self, path: str) -> Any:
        """A file to be read in parts (``pyarrow.parquet.ParquetFile``), and closed."""
        return pq.ParquetFile(self._fs.open(path, "rb"))

    def sources(self, path: str) -> list[str]:
        """Names of the files that a compacted one holds."""
        told = (self.metadata(path).metadata or {}).get(SOURCES, b"[]")
        names: list[str] = json.loads(told)
        return names

    def metadata(self, path: str) -> Any:
        """A file's Parquet metadata (``pyarrow.parquet.FileMetaData``)."""
        with self._fs.open(path, "rb") as file:
            return pq.ParquetFile(file).metadata

    @property
    def root(self) -> str:
        """The folder all paths start with."""
        return str(self._root)

    @property
    def file_system(self) -> Any:
        """fsspec's own, for an engine that reads through it."""
        return self._fs

    @property
    def is_local(self) -> bool:
        """Whether paths are those of this machine's file system."""
        return "file" in self._protocols

    def _compacted(self, folder: str) -> set[str]:
        """Names of files that lie in compacted ones here: they were written, and stay away."""
        self._fs.invalidate_cache()
        return {
            name
            for path in self._names_in(f"{self._root}/{folder}")
            if path.rpartition("/")[2].startswith(COMPACTED) and path.endswith(".parquet")
            for name in self.sources(path)
        }

    def _written(self, path: str) -> datetime:
        """When a file was last written; one that is gone meanwhile is not old."""
        try:
            written: datetime = self._fs.modified(path)
        except FileNotFoundError:
            return datetime.now(UTC)
        return written if written.tzinfo else written.replace(tzinfo=UTC)

    def _folders(self, folder: str) -> list[str]:
        self._fs.invalidate_cache()
        return sorted(path for path in self._names_in(folder) if not path.endswith(".parquet"))

    def _names_in(self, folder: str) -> list[str]:
        if self.is_local:
            return [f"{folder}/{name}" for name in _listed(Path(folder))]
        try:
            return [str(path) for path in self._fs.ls(folder, detail=False)]
        except FileNotFoundError:
            return []

    def names(self, kind: str) -> dict[str, list[str]]:
        """Paths by segment name, for one kind."""
        found: dict[str, list[str]] = defaultdict(list)
        self._fs.invalidate_cache()
        if not self._fs.exists(f"{self._root}/{kind}"):
            return found
        for path in self._fs.find(f"{self._root}/{kind}"):
            if path.endswith(".parquet"):
                found[PurePosixPath(path).stem].append(path)
        return found

    def read(self, path: str, columns: list[str] | None = None) -> Any:
        """A file as an Arrow table, or some of its columns."""
        with self._fs.open(path, "rb") as file:
            return pq.ParquetFile(file).read(columns)

    def _put(self, path: str, data: bytes) -> None:
        if "file" in self._protocols:
            _put_local(Path(path), data)
        elif self._protocols & _WHOLE_PUT:
            self._fs.pipe_file(path, data)
        else:
            temporary = f"{path}.tmp"
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(temporary, data)
            self._fs.mv(temporary, path)


def _parquet(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _listed(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder)]
    except FileNotFoundError:
        return []


def _members(folders: list[str], prefix: str) -> list[str]:
    names = (PurePosixPath(path).name for path in folders)
    return [unquote(name.removeprefix(prefix)) for name in names if name.startswith(prefix)]


def _put_local(path: Path, data: bytes) -> None:
    """On the disk before it has its name, and its name before the segment may go."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".tmp")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(file)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
