"""Where Parquet files lie: a folder, or any file system fsspec knows. Files appear whole.

public/    day=…/model=…/<segment>.parquet    hashed, nobody's personal data
personal/  the same names and row order       what erasure removes rows from
shadow/    day=…/model=…/<segment file>.parquet   shadow outcomes
"""

import os
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS = 16_384
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
        path = f"{self._root}/{kind}/{partition}/{name}.parquet"
        if self._fs.exists(path):
            return
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", row_group_size=ROW_GROUP_ROWS)
        self._put(path, sink.getvalue().to_pybytes())

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

    def read(self, path: str) -> Any:
        """A file as an Arrow table."""
        with self._fs.open(path, "rb") as file:
            return pq.ParquetFile(file).read()

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
