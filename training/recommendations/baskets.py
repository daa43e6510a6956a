"""Purchases as arrays: catalogue, histories at a moment, and the next basket after it."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq

from bentos.contract.errors import ContractError
from bentos.recommendations.schema import HISTORY_LENGTH, NO_PRODUCT
from training.fitted import Array
from training.recommendations.features import PURCHASES_FILE
from training.sales_arrays import starts_of

CATALOGUE_SIZE = 3000
# Of the file, in the order of the fields of Purchases.
COLUMNS = ("customer", "order_number", "moment", "product_id")


class Purchases(msgspec.Struct, frozen=True, kw_only=True):
    """One element a bought product, in order of orders: customer (-1 unknown), order, µs, id."""

    customer: Any
    order: Any
    moment: Any
    product: Any

    def where(self, mask: Array) -> "Purchases":
        """Those for which ``mask`` holds; no copies where they lie together, as a time's do."""
        first, count = int(mask.argmax()) if len(mask) else 0, np.count_nonzero(mask)
        together = slice(first, first + count)
        chosen = together if mask[together].all() else mask
        return Purchases(**{name: getattr(self, name)[chosen] for name in self.__struct_fields__})


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """One shopper a row: history [n, 64] before a moment, the next basket, all they bought."""

    history: Any
    baskets: list[Any]
    bought: list[Any]


def load(folder: Path) -> Purchases:
    """The snapshot's purchases; raises ContractError if there are none."""
    columns = _columns(folder / PURCHASES_FILE, COLUMNS)
    return Purchases(**dict(zip(Purchases.__struct_fields__, columns, strict=True)))


def load_moments(folder: Path) -> tuple[Array, Array]:
    """Of the same, order and moment alone."""
    order, moment = _columns(folder / PURCHASES_FILE, COLUMNS[1:3])
    return order, moment


def _columns(path: Path, names: tuple[str, ...]) -> list[Array]:
    """A row group at a time into arrays of their own: a table of all of them, and then the arrays,
    would be there twice, and Arrow keeps what it freed."""
    with pq.ParquetFile(path) as file:
        rows = file.metadata.num_rows
        if not rows:
            raise ContractError("orders", "at least one purchase", "none", "See --as-of.")
        kinds = [file.schema_arrow.field(name).type.to_pandas_dtype() for name in names]
        columns = [np.empty(rows, dtype=kind) for kind in kinds]
        filled = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=list(names))
            for name, column in zip(names, columns, strict=True):
                column[filled : filled + len(table)] = table[name].to_numpy()
            filled += len(table)
    return columns


def moment_at(order: Array, moment: Array, share: float) -> int:
    """The time before which this share of the orders lies."""
    moments = moment[starts_of(order)]
    return int(moments[min(len(moments) - 1, int(share * len(moments)))])


def catalogue_of(purchases: Purchases) -> Array:
    """Ids of the products in most orders, at most CATALOGUE_SIZE, sorted by id."""
    ids, counts = np.unique(purchases.product, return_counts=True)
    best = np.lexsort((ids, -counts))[:CATALOGUE_SIZE]
    return np.sort(ids[best])


def cases_at(purchases: Purchases, moment: int, until: int | None = None) -> Cases:
    """Shoppers with a past before ``moment`` and an order from then on (and before ``until``)."""
    known = purchases.where(purchases.customer >= 0)
    past = known.where(known.moment < moment)
    coming = known.moment >= moment
    if until is not None:
        coming &= known.moment < until
    future = known.where(coming)
    by_past = _grouped(past.customer)
    by_future = _grouped(future.customer)
    shared = sorted(by_past.keys() & by_future.keys())
    history = np.full((len(shared), HISTORY_LENGTH), NO_PRODUCT, dtype=np.int64)
    baskets, bought = [], []
    for row, customer in enumerate(shared):
        all_bought = past.product[by_past[customer]][::-1]
        recent = all_bought[:HISTORY_LENGTH]
        history[row, : len(recent)] = recent
        positions = by_future[customer]
        first_order = future.order[positions[0]]
        baskets.append(future.product[positions[future.order[positions] == first_order]])
        bought.append(all_bought)
    return Cases(history=history, baskets=baskets, bought=bought)


def _grouped(customers: Array) -> dict[int, Array]:
    """Positions of each customer, in order."""
    ordered = np.argsort(customers, kind="stable")
    ids, starts = np.unique(customers[ordered], return_index=True)
    groups = np.split(ordered, starts[1:]) if len(ids) else []
    return dict(zip(ids.tolist(), groups, strict=True))
