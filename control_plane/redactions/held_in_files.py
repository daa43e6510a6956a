"""Rows of the lake's Parquet files that are about somebody, whoever wrote those files.

Training and control plane share the lake and no code: so every file is looked into, and a row is
somebody's if one of its texts is one of their pseudonyms, or its ``order_id`` one of their orders.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ORDER_COLUMN = "order_id"
ELSEWHERE = frozenset({"decisions", "redactions"})
"""Folders of the lake that are read by whoever knows them better, or name nobody."""
Row = dict[str, Any]


@dataclass
class Wanted:
    """``orders`` grows with what is found, ``unread`` with files nobody can read."""

    subjects: frozenset[str]
    orders: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)


def rows_of(lake: Path, wanted: Wanted) -> Iterator[tuple[str, list[Row]]]:
    """(file of the lake, its rows about them), for every file that has any."""
    files = lake.rglob("*.parquet")
    paths = sorted(path for path in files if _is_kept(path.relative_to(lake).parts))
    # Which orders are theirs stands in one table; lines and refunds name the order alone.
    for path in paths:
        for row in _readable(lake, path, wanted, by_order=False):
            if row.get(ORDER_COLUMN) is not None:
                wanted.orders.add(str(row[ORDER_COLUMN]))
    wanted.unread.clear()
    for path in paths:
        found = _readable(lake, path, wanted, by_order=True)
        if found:
            yield path.relative_to(lake).as_posix(), found


def _is_kept(parts: tuple[str, ...]) -> bool:
    """Hidden are files and folders a run is filling."""
    return parts[0] not in ELSEWHERE and not any(part.startswith(".") for part in parts)


def _readable(lake: Path, path: Path, wanted: Wanted, *, by_order: bool) -> list[Row]:
    """Its rows; none of a file that is gone, as a night has put another one in its place."""
    try:
        return _rows(path, wanted, by_order=by_order)
    except FileNotFoundError:
        return []
    except (OSError, pa.ArrowException):
        wanted.unread.add(path.relative_to(lake).as_posix())
        return []


def _rows(path: Path, wanted: Wanted, *, by_order: bool) -> list[Row]:
    found: list[Row] = []
    with pq.ParquetFile(path) as file:
        names = [each.name for each in file.schema_arrow if _is_text(each.type)]
        has_orders = by_order and ORDER_COLUMN in file.schema_arrow.names
        for group in range(file.num_row_groups):
            mask = _mask(file, group, names, wanted, has_orders)
            if mask is not None and pc.any(mask).as_py():
                found += file.read_row_group(group).filter(mask).to_pylist()
    return found


def _mask(
    file: pq.ParquetFile, group: int, names: list[str], wanted: Wanted, has_orders: bool
) -> Any:
    columns = names + [ORDER_COLUMN] * (has_orders and ORDER_COLUMN not in names)
    if not columns:
        return None
    table = file.read_row_group(group, columns=columns)
    subjects, orders = pa.array(sorted(wanted.subjects)), pa.array(sorted(wanted.orders))
    mask = None
    for name in columns:
        column = table[name]
        if name == ORDER_COLUMN and has_orders:
            hit = pc.is_in(pc.cast(column, pa.string()), orders.cast(pa.string()))
        else:
            hit = pc.is_in(pc.cast(column, pa.string()), subjects.cast(pa.string()))
        mask = hit if mask is None else pc.or_(mask, hit)
    return mask


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
    )
