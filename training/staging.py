"""Where orders lie between the file they come in and the lake's lines, and what may lie there.

Parsed lines go to the disk, so that a year of a large shop needs no more memory than a week of a
small one: but only once customers are pseudonyms. Until then DuckDB has no folder to spill to.
The folder is gone when the lines are made; what a killed run left goes with the next one.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import msgspec

from bentos.contract.identity import Pseudonymizer
from training import narrow_lines, pseudonyms
from training.left_out import LeftOut
from training.order_file import literal
from training.redaction.erased import Gone, without

FOLDER = ".staging"
PARSED, LINES = "parsed.parquet", "lines.parquet"
DIGEST_LENGTH = 64


class Staging(msgspec.Struct, frozen=True, kw_only=True):
    """``key`` makes pseudonyms; None: customers are pseudonyms already. ``left_out``: pseudonyms
    of customers whose lines are left out, ``gone``: whose lines may not come back.
    ``field`` names the customers in errors."""

    folder: Path
    spill: Path
    shop: str
    field: str
    key: Pseudonymizer | None
    left_out: Collection[str] = ()
    gone: Gone = Gone()

    @property
    def lines(self) -> Path:
        """The lines, once they are made."""
        return self.folder / LINES

    def stage(self, connection: duckdb.DuckDBPyConnection, query: str) -> "Unstaged":
        """Write what ``query`` gives, with pseudonyms for its ``customer``, without the lines of
        who is left out; view ``parsed``.

        Raises OrderError where customers should be pseudonyms already and are not.
        """
        if self.key is None:
            pseudonyms.check(connection, query, self.field)
        else:
            pseudonyms.name_customers(connection, query, self.key, self.shop)
            query = f"""
                SELECT p.* REPLACE (pseudonym AS customer)
                FROM ({query}) AS p LEFT JOIN pseudonyms ON p.customer = raw"""  # noqa: S608
        query = without(connection, self.gone, query)
        unstaged, query = self._without_left_out(connection, query)
        path = literal((self.folder / PARSED).as_posix())
        # In any order: every line has its row's number.
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"COPY ({query}) TO {path} (FORMAT parquet, COMPRESSION lz4)")
        connection.execute("SET preserve_insertion_order = true")
        connection.execute("DROP TABLE IF EXISTS pseudonyms")
        connection.execute(f"CREATE TEMP VIEW parsed AS FROM read_parquet({path})")
        return unstaged

    def _without_left_out(
        self, connection: duckdb.DuckDBPyConnection, query: str
    ) -> tuple["Unstaged", str]:
        if not self.left_out:
            return Unstaged(), query
        import pyarrow as pa  # noqa: PLC0415 - a sync of a shop loads this, and has no room for it

        subjects = pa.table({"subject": pa.array(sorted(self.left_out), pa.string())})
        connection.execute("CREATE TEMP TABLE left_out AS FROM subjects")
        del subjects
        out = "customer IN (SELECT subject FROM left_out)"
        if any(len(each) == DIGEST_LENGTH for each in self.left_out):
            # Who was erased is left out by the SHA-256 of their pseudonym, all that is kept.
            out = f"({out} OR sha256(customer) IN (SELECT subject FROM left_out))"  # noqa: S608
        counted = connection.execute(
            "SELECT excluded, count(*), count(DISTINCT customer) "  # noqa: S608
            f"FROM ({query}) WHERE {out} GROUP BY 1"
        ).fetchall()
        unstaged = Unstaged(
            rows={excluded: rows for excluded, rows, _ in counted},
            customers=sum(customers for excluded, _, customers in counted if excluded is None),
        )
        return unstaged, f"SELECT * FROM ({query}) WHERE coalesce(NOT {out}, true)"  # noqa: S608

    def keep(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        """Write the narrow lines ``query`` gives, with their names; view ``lines``. From here on
        what does not fit into memory goes to the disk."""
        connection.execute(f"SET temp_directory = {literal(str(self.spill))}")
        narrow_lines.write(connection, query, self.shop, self.lines)
        path = literal(self.lines.as_posix())
        connection.execute(f"CREATE TEMP VIEW lines AS FROM read_parquet({path})")


class Unstaged(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of customers who are left out. ``rows``: the number of the exclusion that holds of
    them as well (None: none) → how many; ``customers``: of those that no exclusion holds of."""

    rows: dict[int | None, int] = {}
    customers: int = 0

    @property
    def left_out(self) -> LeftOut:
        """What would be lines otherwise."""
        return LeftOut(customers=self.customers, lines=self.rows.get(None, 0))


@contextmanager
def folder(lake: Path) -> Iterator[Path]:
    """A folder below the lake that is gone afterwards; those of killed runs go as well."""
    there = lake.exists()
    root = lake / FOLDER
    root.mkdir(parents=True, exist_ok=True)
    with _held(root):
        _sweep(root)
        place = root / secrets.token_hex(8)
        place.mkdir()
        descriptor = os.open(place, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(descriptor)
        with suppress(OSError):
            root.rmdir()
            if not there:
                lake.rmdir()


@contextmanager
def _held(root: Path) -> Iterator[None]:
    """Nobody else makes a folder, or sweeps, meanwhile."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep(root: Path) -> None:
    """Take away what no process holds any more."""
    for place in root.iterdir():
        descriptor = os.open(place, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(place, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)
