"""A person out of a synced shop: canonical tables, the sales made of them, and what is staged.

The tables are written anew as the next generation, swapped in one rename, and the files of the
old one unlinked. What is staged but not in the lake yet is thrown away whole, with all its
database has freed: the next sync reads it again, and leaves out who was erased.
"""

import shutil

import duckdb
import msgspec

from training.redaction.rows import Rows, condition
from training.redaction.work import Work
from training.settings import Settings
from training.shop.columns import TABLES
from training.shop.merging import ROW_GROUP
from training.shop.staging import FILE, staged_name
from training.shop.sync import STAGING
from training.shop.tables import SALES, Contents, ShopLake


def count(settings: Settings, rows: Rows, work: Work) -> None:
    """Note what is there."""
    lake = ShopLake.of(settings)
    for name in TABLES:
        path = lake.table(name)
        if path is not None:
            work.found(f"lake/shop/{name}", rows.count(path, rows.test(path)))
    sales = (lake.folder / SALES).glob("*/*.parquet")
    work.found("lake/shop/sales", sum(rows.count(path, rows.test(path)) for path in sales))
    work.found("lake/shop/staging", _staged(lake, rows))


def erase(settings: Settings, rows: Rows) -> None:
    """Remove it; the caller is the one that syncs (``ShopLake.syncing``)."""
    lake = ShopLake.of(settings)
    if (lake.folder / STAGING).exists():
        shutil.rmtree(lake.folder / STAGING)
    if not lake.folder.is_dir():
        return
    lake.tidy()
    current = lake.current()
    if current is None:
        return
    tables = dict(current.tables)
    number = current.generation + 1
    for name, contents in current.tables.items():
        path = lake.folder / contents.file
        test = rows.test(path)
        if test is not None and rows.count(path, test):
            tables[name] = _written(lake, rows, name, contents, number)
    sales = (lake.folder / SALES).glob("*/*.parquet")
    if tables != current.tables or any(rows.count(each, rows.test(each)) for each in sales):
        lake.commit(msgspec.structs.replace(current, generation=number, tables=tables))


def _written(lake: ShopLake, rows: Rows, name: str, contents: Contents, number: int) -> Contents:
    file = f"{name}/{number:06d}.parquet"
    place, before = lake.folder / file, lake.folder / contents.file
    test = rows.test(before)
    assert test is not None
    rows.keep(before, test, place, ROW_GROUP)
    deleted = rows.count(place, "deleted_at IS NOT NULL")
    return Contents(file=file, rows=rows.total(place), deleted=deleted)


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
