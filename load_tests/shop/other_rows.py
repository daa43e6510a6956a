"""Everybody else's rows: an erasure takes none of them, and changes nothing in them."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

FILES = {
    "shop customers": "lake/shop/customers/*.parquet",
    "shop orders": "lake/shop/orders/*.parquet",
    "shop lines": "lake/shop/order_lines/*.parquet",
    "shop refunds": "lake/shop/refunds/*.parquet",
    "order lines": "lake/orders/*/lines.parquet",
    "snapshots": "lake/snapshots/*/fraud_orders.parquet",
    "offline features": "lake/features/customer_*/*/*/values.parquet",
    "decisions": "lake/decisions/personal/**/*.parquet",
    "outcomes": "lake/outcomes/outcomes.parquet/*.parquet",
}
INBOX = {
    # Without updated_us: the shop counts an assessment of ours as a change of the order.
    "shop_order": "domain, id, shop, customer, created_us, amount, items, currency",
    "order_line": "*",
    "outcome": "*",
    "assessment": "*",
}
MADE_UP = "injected-"
"""Fraud that training makes up on some customer's history. It is nobody's, and goes with an
erasure, as nothing says whose history it was."""
Rows = dict[str, Counter[bytes]]


def rows_without(home: Path, texts: Iterable[str]) -> Rows:
    """Place → digests of the rows in which none of ``texts`` stands."""
    left_out = (MADE_UP, *texts)
    found = {name: _count(_of_files(home, glob), left_out) for name, glob in FILES.items()}
    path = home / "ingress" / "inbox.db"
    for table, columns in INBOX.items() if path.exists() else ():
        found[f"inbox {table}"] = _count(_of_table(path, table, columns), left_out)
    return found


def differing(before: Rows, after: Rows) -> dict[str, int]:
    """Place → rows that were there before and are not there now, not even changed ones."""
    return {name: sum((before[name] - after[name]).values()) for name in before}


def total(rows: Rows) -> int:
    """How many there are in all."""
    return sum(sum(counts.values()) for counts in rows.values())


def _count(rows: Iterable[str], left_out: tuple[str, ...]) -> Counter[bytes]:
    return Counter(
        hashlib.blake2b(row.encode(), digest_size=12).digest()
        for row in rows
        if not any(text in row for text in left_out)
    )


def _of_files(home: Path, glob: str) -> Iterator[str]:
    for path in sorted(home.glob(glob)):
        table: Any = pq.ParquetFile(path).read()
        for row in table.to_pylist():
            yield repr(sorted(row.items()))


def _of_table(path: Path, table: str, columns: str) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for row in database.execute(f"SELECT {columns} FROM {table}"):  # noqa: S608 - ours
            yield repr(row)
