"""What order lines that are gone told of people and tonight's do not tell: one file for them all.

Cancelled orders, people who opted out and products that were deleted vanish from later lines, yet
old datasets, whose customers are dense numbers, may still hold them. Who is erased is found there
by what the lines told. So a redaction reads this file, and takes people out of it, as it does with
any other file of lines.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bentos.whole_file import sync_folder
from training.lines import LINES_FILE
from training.nightly.stuck import Stuck
from training.order_file import literal

if TYPE_CHECKING:
    import duckdb

FOLDER = "witness"
# A redaction finds lines in every folder, so what a kill leaves of a copy is no hiding place.
PARTIAL = ".witness"
TOLD = "customer_id, order_id, ordered_at, product_id, is_return"


def take_over(
    connection: "duckdb.DuckDBPyConnection",
    orders: Path,
    tonight: Path,
    names: Iterable[str],
    stuck: Stuck,
) -> tuple[str, ...]:
    """Write down what folders of ``orders`` tell and ``tonight``'s file does not; which of them
    may go now. Those that cannot be read are named in ``stuck``; raises OSError or duckdb.Error
    where nothing may go, as it could not be written."""
    place, taken = orders / FOLDER / LINES_FILE, []
    connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS {_told(tonight)} LIMIT 0")
    if place.is_file():
        connection.execute(f"INSERT INTO told {_told(place)}")
    before = _rows(connection)
    for name in names:
        with stuck.named(f"{orders.name}/{name}"):
            path = orders / name / LINES_FILE
            if path.is_file():
                known = f"EXCEPT {_told(tonight)} EXCEPT SELECT {TOLD} FROM told"
                connection.execute(f"INSERT INTO told {_told(path)} {known}")
            taken.append(name)
    if _rows(connection) > before:
        _write(connection, orders, place)
    return tuple(taken)


def _write(connection: "duckdb.DuckDBPyConnection", orders: Path, place: Path) -> None:
    """The file whole and flushed: folders go on the strength of it."""
    partial = orders / PARTIAL / LINES_FILE
    for path in (partial, place):
        path.parent.mkdir(parents=True, exist_ok=True)
    target = literal(partial.as_posix())
    connection.execute(f"COPY told TO {target} (FORMAT parquet, COMPRESSION zstd)")
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(place)
    sync_folder(place.parent)
    partial.parent.rmdir()


def _told(path: Path) -> str:
    return f"SELECT {TOLD} FROM read_parquet({literal(path.as_posix())})"


def _rows(connection: "duckdb.DuckDBPyConnection") -> int:
    return int(connection.execute("SELECT count(*) FROM told").fetchall()[0][0])
