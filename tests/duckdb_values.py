"""Every row of a DuckDB file, whatever its columns are compressed with; the file is left alone."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb


def values(path: Path) -> Iterator[tuple[str, bytes]]:
    """Table by table; nothing for a file that DuckDB does not open."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.duckdb"
        shutil.copyfile(path, copy)
        log = path.with_name(path.name + ".wal")
        if log.is_file():
            shutil.copyfile(log, copy.with_name("copy.duckdb.wal"))
        try:
            connection = duckdb.connect(str(copy))
        except duckdb.Error:
            return
        with connection:
            tables = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables()"
            ).fetchall()
            for schema, table in tables:
                rows = connection.execute(f'FROM "{schema}"."{table}"').fetchall()
                yield f"{schema}.{table}", repr(rows).encode()
