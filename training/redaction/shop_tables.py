"""A person out of a synced shop: canonical tables, the sales made of them, and what is staged.

The tables are written anew as the next generation, swapped in one rename, and the files of the
old one unlinked. What is staged but not in the lake yet is thrown away whole, with all its
database has freed: the next sync reads it again, and leaves out who was erased.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from training.redaction import scope
from training.redaction.rows import Rows, condition
from training.redaction.work import Work
from training.settings import Settings
from training.shop.columns import TABLES
from training.shop.merging import ROW_GROUP
from training.shop.staging import FILE, staged_name
from training.shop.sync import STAGING
from training.shop.tables import CURRENT, SALES, Contents, ShopLake

Test = Callable[[Path], str | None]
"""The condition that holds for rows of a file that are to go; None where none of it is."""


def count(settings: Settings, rows: Rows, work: Work) -> None:
    """Note what is there, and which table cannot be read."""
    lake = ShopLake.of(settings)
    for name in TABLES:
        for path in scope.table(settings, work, name):
            with work.going_through(path, settings.home):
                work.found(f"lake/shop/{name}", rows.count(path, rows.test(path)))
    work.found("lake/shop/sales", _sold(lake, rows))
    work.found("lake/shop/staging", _staged(lake, rows))


def erase(settings: Settings, rows: Rows, work: Work) -> None:
    """Remove it; the caller is the one that syncs (``ShopLake.syncing``)."""
    lake = ShopLake.of(settings)
    if (lake.folder / STAGING).exists():
        shutil.rmtree(lake.folder / STAGING)
    if not lake.folder.is_dir():
        return
    take_out(settings, rows, work, rows.test)


def take_out(settings: Settings, rows: Rows, work: Work, test: Test) -> None:
    """Remove the rows of each table for which a condition holds, and sales made of such; the
    caller is the one that syncs."""
    lake = ShopLake.of(settings)
    with work.going_through(lake.folder / CURRENT, settings.home):
        lake.tidy()
        current = lake.current()
        if current is None:
            return
        tables = dict(current.tables)
        number = current.generation + 1
        for name, contents in current.tables.items():
            path = lake.folder / contents.file
            with work.going_through(path, settings.home):
                theirs = test(path)
                if theirs is not None and rows.count(path, theirs):
                    place = lake.folder / f"{name}/{number:06d}.parquet"
                    tables[name] = _written(rows, path, theirs, place)
        if tables != current.tables or _sold(lake, rows):
            lake.commit(msgspec.structs.replace(current, generation=number, tables=tables))


def _written(rows: Rows, before: Path, test: str, place: Path) -> Contents:
    rows.keep(before, test, place, ROW_GROUP)
    deleted = rows.count(place, "deleted_at IS NOT NULL")
    file = f"{place.parent.name}/{place.name}"
    return Contents(file=file, rows=rows.total(place), deleted=deleted)


def _sold(lake: ShopLake, rows: Rows) -> int:
    """Rows of the sales made of the tables; one for a file that cannot be read: it goes with the
    others, as it can be made again."""
    found = 0
    for path in (lake.folder / SALES).glob("*/*.parquet"):
        try:
            found += rows.count(path, rows.test(path))
        except (pa.ArrowException, duckdb.Error):
            found += 1
    return found


def _staged(lake: ShopLake, rows: Rows) -> int:
    """Rows of the staging file, if it can be read; one for what cannot."""
    path = lake.folder / STAGING / FILE
    if not path.is_file():
        return 0
    found = 0
    try:
        rows.connection.execute(f"ATTACH '{path.as_posix()}' AS staged (READ_ONLY)")
    except duckdb.Error:
        return 1
    try:
        for table in TABLES.values():
            test = condition(table.names)
            if test is not None:
                query = f"SELECT count(*) FROM staged.{staged_name(table.name)} WHERE {test}"  # noqa: S608
                found += int(rows.connection.execute(query).fetchall()[0][0])
    except duckdb.Error:
        return max(found, 1)
    finally:
        rows.connection.execute("DETACH staged")
    return found
