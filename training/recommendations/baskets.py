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


class Purchases(msgspec.Struct, frozen=True, kw_only=True):
    """One element a bought product, in order of orders: customer (-1 unknown), order, µs, id."""

    customer: Any
    order: Any
    moment: Any
    product: Any

    def where(self, mask: Array) -> "Purchases":
        """Those for which ``mask`` holds."""
        return Purchases(
            customer=self.customer[mask],
            order=self.order[mask],
            moment=self.moment[mask],
            product=self.product[mask],
        )


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """One shopper a row: history [n, 64] before a moment, the next basket, all they bought."""

    history: Any
    baskets: list[Any]
    bought: list[Any]


def load(folder: Path) -> Purchases:
    """The snapshot's purchases; raises ContractError if there are none."""
    table = pq.read_table(folder / PURCHASES_FILE)
    if not len(table):
        raise ContractError("orders", "at least one purchase", "none", "See --as-of.")
    return Purchases(
        customer=table["customer"].to_numpy(),
        order=table["order_number"].to_numpy(),
        moment=table["moment"].to_numpy(),
        product=table["product_id"].to_numpy(),
    )


def moment_at(purchases: Purchases, share: float) -> int:
    """The time before which this share of the orders lies."""
    moments = purchases.moment[starts_of(purchases.order)]
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
