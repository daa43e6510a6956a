"""Whether the plain side computes the same as ours: a comparison with a wrong side is none.

Rows are compared by their keys, numbers to six digits (float32, and sums in another order).
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bentos.fraud.schema import FEATURE_NAMES
from bentos.pricing.schema import FEATURE_NAMES as PRICING_NAMES

RELATIVE, ABSOLUTE = 2e-5, 1e-6
# File → keys, columns that are compared.
LINES = ("order_id", "line"), ("ordered_at", "customer_id", "product_id", "product_label",
                               "quantity", "unit_price", "list_price", "is_return")  # fmt: skip
FRAUD = ("order_id",), ("ordered_at", "label", "scenario", "split", *FEATURE_NAMES)
PURCHASES = ("order_number", "product_id"), ("customer", "moment")
WEEKS = ("product_id", "week"), (*PRICING_NAMES, "price", "price_ratio", "unit_cost", "units")


def differing(home: Path, plain: Path) -> dict[str, int]:
    """Table → rows that are on one side only, or differ. ``home``: after a night of ours."""
    lake = home / "lake"
    tables = {
        "lines": (lake.glob("orders/*/lines.parquet"), *LINES),
        "fraud_orders": (lake.glob("snapshots/*/fraud_orders.parquet"), *FRAUD),
        "purchases": (lake.glob("snapshots/*/purchases.parquet"), *PURCHASES),
        "product_weeks": (lake.glob("snapshots/*/product_weeks.parquet"), *WEEKS),
    }
    found = {
        name: _differing(next(files), plain / f"{name}.parquet", keys, columns)
        for name, (files, keys, columns) in tables.items()
    }
    for ours in lake.glob("features/*/*/*/values.parquet"):
        name = ours.parents[2].name
        found[name] = _differing(ours, plain / f"{name}.parquet", ("entity",), None)
    return found


def _differing(
    ours: Path, plain: Path, keys: tuple[str, ...], columns: tuple[str, ...] | None
) -> int:
    one, other = pd.read_parquet(ours), pd.read_parquet(plain)
    names = columns or tuple(c for c in one.columns if c not in (*keys, "as_of"))
    one = one.set_index(list(keys))[list(names)]
    other = other.set_index(list(keys))[list(names)]
    both = one.index.intersection(other.index)
    alone = len(one) + len(other) - 2 * len(both)
    one, other = one.loc[both], other.loc[both]
    wrong = np.zeros(len(both), dtype=bool)
    for name in names:
        wrong |= ~_equal(one[name], other[name])
    return alone + int(wrong.sum())


def _equal(one: Any, other: Any) -> Any:
    if isinstance(one.iloc[0], np.ndarray):
        return np.array([_lists(a, b) for a, b in zip(one, other, strict=True)])
    if pd.api.types.is_datetime64_any_dtype(one):
        return (one.astype("datetime64[us]") == other.astype("datetime64[us]")).to_numpy()
    with_numbers = pd.to_numeric(other, errors="coerce") if _is_money(one) else other
    if pd.api.types.is_numeric_dtype(with_numbers):
        left = one.astype("float64").to_numpy()
        right = with_numbers.astype("float64").to_numpy()
        return np.isclose(left, right, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True)
    return ((one == other) | (one.isna() & other.isna())).to_numpy(dtype=bool)


def _is_money(column: Any) -> bool:
    return bool(column.dtype == object and type(column.iloc[0]).__name__ == "Decimal")


def _lists(one: Any, other: Any) -> bool:
    return len(one) == len(other) and bool(
        np.allclose(np.asarray(one, float), np.asarray(other, float), rtol=RELATIVE)
    )
