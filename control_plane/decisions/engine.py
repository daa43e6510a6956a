"""DuckDB over the lake's Parquet files: read-only, and bounded in threads, memory and time.

A query that takes longer than ``timeout_s`` or more than ``memory_mb`` is broken off. Nothing is
spilled to disk, no extension is loaded, and on a local lake no file outside of it can be opened.
"""

import threading
from typing import Any

import duckdb

from bentos.decision_lake.files import Lake
from control_plane.errors import BusyError, TooBroadError

WAIT_S = 5.0
RETRY_AFTER_S = 5
Row = dict[str, Any]


class Engine:
    """Answers many threads, ``concurrent`` queries at once; others wait ``WAIT_S`` for a turn."""

    def __init__(
        self,
        lake: Lake,
        *,
        threads: int = 2,
        memory_mb: int = 512,
        timeout_s: float = 10.0,
        concurrent: int = 4,
    ) -> None:
        self._timeout_s = timeout_s
        self._turns = threading.BoundedSemaphore(concurrent)
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": "",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        # Footers are parsed once: files never change, only come, go and are replaced whole.
        self._connection.execute("SET parquet_metadata_cache = true")
        if lake.is_local:
            self._connection.execute("SET allowed_directories = [?]", [lake.root])
            self._connection.execute("SET enable_external_access = false")
        else:
            self._connection.register_filesystem(lake.file_system)
        self._connection.execute("SET lock_configuration = true")

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[Row]:
        """Every row of a query's result. Raises TooBroadError and BusyError."""
        if not self._turns.acquire(timeout=WAIT_S):
            raise BusyError("other questions about decisions are being answered", RETRY_AFTER_S)
        cursor = self._connection.cursor()
        timer = threading.Timer(self._timeout_s, cursor.interrupt)
        timer.daemon = True
        try:
            timer.start()
            cursor.execute(sql, parameters)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
        except duckdb.InterruptException as error:
            raise TooBroadError(
                f"the question took longer than {self._timeout_s:g} s; "
                "name a model or a shorter time"
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise TooBroadError(
                "the question needs more memory than it may take; name a model or a shorter time"
            ) from error
        finally:
            timer.cancel()
            cursor.close()
            self._turns.release()

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()
