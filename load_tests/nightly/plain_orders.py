"""The first steps of a night as one writes them in pandas: orders in, lines out, a look at them."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bentos.contract.identity import Pseudonymizer

NO_PRODUCT = r"(?i)^(?:POST|DOT|C2|M|D|S|BANK CHARGES|AMAZONFEE|CRUK|PADS|gift_.*)$"
READ = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"]
MAY_BE_EMPTY = ("customer_id", "category", "product_label", "unit_cost")


def lines_of(path: Path, key: Pseudonymizer, shop: str) -> Any:
    """Online Retail as canonical lines, customers as pseudonyms; money as floats."""
    raw = pd.read_parquet(path, columns=[*READ, "CustomerID"])
    code = raw["StockCode"].str.strip()
    returned = raw["InvoiceNo"].str.startswith("C")
    out = code.eq("B") | code.str.contains(NO_PRODUCT, regex=True)
    out |= (raw["Quantity"] < 0) & ~returned
    out |= raw["UnitPrice"] == 0
    kept = raw[~out]
    _refuse(kept, returned[~out])
    lines = pd.DataFrame(
        {
            "shop": shop,
            "order_id": kept["InvoiceNo"].str.strip(),
            "ordered_at": _utc(kept["InvoiceDate"]),
            "customer_id": _pseudonyms(kept["CustomerID"], key, shop),
            "product_id": _numbers(code[~out]),
            "product_label": kept["Description"].str.strip(),
            "category": None,
            "quantity": kept["Quantity"].abs(),
            "unit_price": kept["UnitPrice"].abs().round(4),
            "list_price": kept["UnitPrice"].abs().round(4),
            "discount": 0.0,
            "currency": "GBP",
            "unit_cost": np.nan,
            "is_return": returned[~out],
        }
    )
    orders = lines.groupby("order_id", sort=False)
    lines["line"] = orders.cumcount().astype("int32") + 1
    lines["ordered_at"] = orders["ordered_at"].transform("min")
    return lines.sort_values(["ordered_at", "order_id", "line"], ignore_index=True)


def _refuse(kept: Any, returned: Any) -> None:
    """What the mapping does not allow stops the night."""
    assert kept["InvoiceNo"].notna().all()
    assert kept["StockCode"].notna().all()
    assert ((kept["Quantity"] > 0) | returned).all()
    assert ((kept["UnitPrice"] > 0) | returned).all()
    assert kept["InvoiceDate"].dt.year.between(1970, 2099).all()


def _utc(local: Any) -> Any:
    zoned = local.dt.tz_localize("Europe/London", ambiguous=False, nonexistent="shift_forward")
    return zoned.dt.tz_convert("UTC").dt.tz_localize(None)


def _pseudonyms(customers: Any, key: Pseudonymizer, shop: str) -> Any:
    names = {c: key.pseudonym(shop, "customer", str(int(c))) for c in customers.dropna().unique()}
    return customers.map(names)


def _numbers(codes: Any) -> Any:
    numbers = {
        code: int.from_bytes(hashlib.sha256(code.encode()).digest()[:7], "big") >> 3
        for code in codes.unique()
    }
    assert len(set(numbers.values())) == len(numbers)
    return codes.map(numbers).astype("int64")


def check(lines: Any, now: datetime) -> list[str]:
    """What should stop a night, by its name; nothing of a good file."""
    day = lines["ordered_at"].dt.normalize()
    late = lines["ordered_at"] > pd.Timestamp(now).tz_localize(None) + timedelta(minutes=5)
    amounts = lines[["unit_price", "list_price", "discount", "unit_cost"]]
    found = {
        "clock skew": late.any(),
        "negative price": (amounts < 0).to_numpy().any(),
        "currency mix": lines["currency"].nunique() > 1,
        "duplicated day": _copied_days(lines, day),
        "all-null column": _emptied(lines, day),
        "unseen categories": _unseen(lines["product_id"], day),
        "a table that stops": _stopped(day),
    }
    return [name for name, bad in found.items() if bad]


def _copied_days(lines: Any, day: Any) -> bool:
    """Days of which half is there twice, or was there on a day of the week before."""
    time = lines["ordered_at"] - day
    told = ~lines["is_return"] & (lines["customer_id"].notna() | (time > pd.Timedelta(0)))
    parts = lines.loc[told, ["customer_id", "product_id", "quantity", "unit_price"]]
    prints = pd.DataFrame(
        {
            "day": day[told],
            "print": pd.util.hash_pandas_object(parts.assign(time=time[told]), index=False),
        }
    )
    prints["twice"] = prints.duplicated(["day", "print"], keep=False)
    once = prints.drop_duplicates(["day", "print"]).sort_values(["print", "day"])
    before = once.groupby("print")["day"].shift()
    once["copied"] = (once["day"] - before) <= pd.Timedelta(days=7)
    both = prints.merge(once[["day", "print", "copied"]], on=["day", "print"])
    days = both.groupby("day").agg(
        lines=("print", "size"), twice=("twice", "mean"), copied=("copied", "mean")
    )
    worst = days.loc[days["lines"] >= 20, ["twice", "copied"]].max(axis=1)
    return bool((worst >= 0.5).any())


def _newest(day: Any) -> Any:
    counts = day.value_counts()
    return counts[counts >= 20].index.max()


def _emptied(lines: Any, day: Any) -> bool:
    newest = _newest(day)
    lately = day.between(newest - pd.Timedelta(days=28), newest)
    filled = lines.loc[lately, list(MAY_BE_EMPTY)].notna()
    last = day[lately] == newest
    gone = ~filled[last].any() & (filled[~last].mean() >= 0.5)
    return bool(gone.any())


def _unseen(products: Any, day: Any) -> bool:
    first = day.groupby(products).transform("min")
    shares = (day == first).groupby(day).mean()
    newest = _newest(day)
    lately = shares[newest - pd.Timedelta(days=28) : newest]
    if len(lately) < 8:
        return False
    usual = sorted(lately.iloc[:-1])[(len(lately) - 1) // 2]
    return bool(lately.iloc[-1] > max(0.5, 5 * usual))


def _stopped(day: Any) -> bool:
    counts = day.value_counts().sort_index(ascending=False).iloc[1:40]
    same = counts[1:][counts.index[1:].dayofweek == counts.index[0].dayofweek]
    usual = sorted(same)[len(same) // 2] if len(same) >= 3 else 0
    return bool(usual >= 100 and counts.iloc[0] < 0.05 * usual)
