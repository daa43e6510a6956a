"""What order lines that are gone told of people and tonight's do not tell: one file for them all.

Cancelled orders, people who opted out and products that were deleted vanish from later lines, yet
old datasets, whose customers are dense numbers, may still hold them. Who is erased is found there
by what the lines told. So a redaction reads this file, and takes people out of it, as it does with
any other file of lines. A row goes once no dataset stands any more that may hold it
(``witnessed.py``).
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bentos.whole_file import sync_folder
from training.lines import LINES_FILE
from training.nightly import witnessed
from training.nightly.stuck import Stuck
from training.nightly.witnessed import Seen
from training.order_file import literal

if TYPE_CHECKING:
    import duckdb

FOLDER = "witness"
# A redaction finds lines in every folder, so what a kill leaves of a copy is no hiding place.
PARTIAL = ".witness"
TOLD = "customer_id, order_id, ordered_at, product_id, is_return"
SINCE = "gone_since"
"""When the last lines went that told it, by ``Seen.at``."""


def take_over(
    connection: "duckdb.DuckDBPyConnection",
    orders: Path,
    tonight: Path,
    names: Iterable[str],
    seen: Seen,
    stuck: Stuck,
) -> tuple[str, ...]:
    """Write down what folders of ``orders`` tell and ``tonight``'s file does not; which of them
    may go now. ``seen``: the datasets that stand. Those that cannot be read are named in
    ``stuck``; raises OSError or duckdb.Error where nothing may go, as it could not be written."""
    taken, is_news = [], False
    _load(connection, orders, seen, like=tonight)
    for name in names:
        with stuck.named(f"{orders.name}/{name}"):
            path = orders / name / LINES_FILE
            if path.is_file():
                is_news |= _tell(connection, path, tonight, seen)
            taken.append(name)
    if is_news:
        _write(connection, orders, seen)
    return tuple(taken)


def forget(connection: "duckdb.DuckDBPyConnection", orders: Path, seen: Seen) -> int:
    """Take out what none of the datasets that stand can hold; how many rows went. Raises OSError
    or duckdb.Error where that cannot be done."""
    place = orders / FOLDER / LINES_FILE
    if not place.is_file() or not _is_dated(connection, place):
        return 0
    over = f"{SINCE} < {literal(seen.oldest)}"
    gone = _count(connection, f"read_parquet({literal(place.as_posix())}) WHERE {over}")
    if gone:
        _load(connection, orders, seen, like=place)
        connection.execute(f"DELETE FROM told WHERE {over}")
        _write(connection, orders, seen)
    return gone


def _load(connection: "duckdb.DuckDBPyConnection", orders: Path, seen: Seen, *, like: Path) -> None:
    """The file's rows as table ``told``; those of an earlier release as if they had gone now."""
    place, now = orders / FOLDER / LINES_FILE, literal(seen.at)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE told AS SELECT {TOLD}, {now} AS {SINCE} FROM ({_told(like)})"
        " LIMIT 0"
    )
    if place.is_file():
        since = SINCE if _is_dated(connection, place) else now
        source = f"read_parquet({literal(place.as_posix())})"
        connection.execute(f"INSERT INTO told SELECT {TOLD}, {since} FROM {source}")


def _tell(connection: "duckdb.DuckDBPyConnection", path: Path, tonight: Path, seen: Seen) -> bool:
    """Whether there is anything. What was told before and is told here too was in lines until now:
    it is as of now."""
    here = f"{_told(path)} EXCEPT {_told(tonight)}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE here AS {here}")
    same = " AND ".join(
        f"told.{column} IS NOT DISTINCT FROM here.{column}" for column in TOLD.split(", ")
    )
    connection.execute(f"DELETE FROM told USING here WHERE {same}")
    connection.execute(f"INSERT INTO told SELECT {TOLD}, {literal(seen.at)} FROM here")
    return _count(connection, "here") > 0


def _write(connection: "duckdb.DuckDBPyConnection", orders: Path, seen: Seen) -> None:
    """The file whole and flushed: folders go on the strength of it."""
    place, partial = orders / FOLDER / LINES_FILE, orders / PARTIAL / LINES_FILE
    for path in (partial, place):
        path.parent.mkdir(parents=True, exist_ok=True)
    # First: rows are never older than what is known of the datasets that may hold them.
    witnessed.save(place.parent, seen)
    target = literal(partial.as_posix())
    connection.execute(f"COPY told TO {target} (FORMAT parquet, COMPRESSION zstd)")
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(place)
    sync_folder(place.parent)
    partial.parent.rmdir()


def _told(path: Path) -> str:
    return f"SELECT {TOLD} FROM read_parquet({literal(path.as_posix())})"


def _is_dated(connection: "duckdb.DuckDBPyConnection", place: Path) -> bool:
    """Not where an earlier release wrote it, or nobody knows any more which datasets stood."""
    if not (place.parent / witnessed.FILE).is_file():
        return False
    query = f"SELECT name FROM parquet_schema({literal(place.as_posix())})"
    return (SINCE,) in connection.execute(query).fetchall()


def _count(connection: "duckdb.DuckDBPyConnection", rows: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0])
