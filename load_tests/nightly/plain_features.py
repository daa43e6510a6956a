"""The models' features as one writes them in pandas, point in time and vectorised."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from bentos.fraud.schema import LOOKED_UP
from training.fraud.injection import Injection

HOUR, DAY = 3_600_000_000, 86_400_000_000


def fraud(lines: Any, timezone: str, seed: int) -> Any:
    """One row an order; fraud is drawn by the same code as ours, so that it is the same."""
    names = ["order_id", "customer_id", "product_id", "quantity", "unit_price", "list_price"]
    sales = lines.loc[~lines["is_return"], names].copy()
    sales["moment"] = lines.loc[~lines["is_return"], "ordered_at"].astype("int64")
    sales["scenario"] = None
    sales = _injected(sales, seed)
    sales["paid"] = sales["unit_price"] * sales["quantity"]
    sales["gross"] = sales[["list_price", "unit_price"]].max(axis=1) * sales["quantity"]
    first = sales.groupby(["customer_id", "product_id"], dropna=False)["moment"].transform("min")
    sales["is_first"] = first == sales["moment"]
    sold_before = sales.groupby("product_id")["moment"].rank(method="min") - 1
    sales["popularity"] = np.log1p(sold_before)
    orders = _orders(sales)
    known = orders.merge(_histories(orders), on="order_id", how="left")
    return _fraud_rows(known, timezone)


def _injected(sales: Any, seed: int) -> Any:
    orders = sales.groupby("order_id", as_index=False).agg(
        moment=("moment", "min"), customer=("customer_id", "min")
    )
    orders = orders.sort_values(["moment", "order_id"])
    usual = sales.groupby("product_id").agg(
        price=("unit_price", "median"), quantity=("quantity", "median")
    )
    usual = usual[usual["price"] > 0].reset_index()
    columns = {
        "moment": orders["moment"].to_numpy(),
        "customer": orders["customer"].fillna("").to_numpy(dtype=object),
    }
    injection = Injection(columns, {c: usual[c].to_numpy() for c in usual}, seed)
    added = injection.lines().to_pandas()
    friendly = orders["order_id"].to_numpy()[injection.friendly()]
    sales.loc[sales["order_id"].isin(friendly), "scenario"] = "friendly_fraud"
    return pd.concat([sales, added], ignore_index=True)


def _orders(sales: Any) -> Any:
    orders = sales.groupby("order_id").agg(
        moment=("moment", "min"),
        customer_id=("customer_id", "first"),
        scenario=("scenario", "first"),
        amount=("paid", "sum"),
        items=("quantity", "sum"),
        distinct_products=("product_id", "nunique"),
        max_unit_price=("unit_price", "max"),
        max_quantity=("quantity", "max"),
        top=("paid", "max"),
        gross=("gross", "sum"),
        new_product_share=("is_first", "mean"),
        popularity=("popularity", "mean"),
    )
    orders["mean_unit_price"] = orders["amount"] / orders["items"]
    orders["top_line_share"] = orders["top"] / orders["amount"].replace(0, np.nan)
    share = 1 - orders["amount"] / orders["gross"].replace(0, np.nan)
    # Where nothing was to pay there is no share: 0, as greatest(0, null) is.
    orders["discount_share"] = share.clip(lower=0).fillna(0)
    return orders.reset_index()


def _histories(orders: Any) -> Any:
    """What was known of each customer strictly before each of their orders."""
    known = orders.loc[
        orders["customer_id"].notna(), ["order_id", "customer_id", "moment", "amount", "items"]
    ].sort_values(["customer_id", "moment"], ignore_index=True)
    of_each = known.groupby("customer_id")
    so_far = of_each["moment"].rank(method="min") - 1
    before = pd.DataFrame(
        {
            "amount": of_each["amount"].cumsum() - known["amount"],
            "items": of_each["items"].cumsum() - known["items"],
            "largest": of_each["amount"].cummax().groupby(known["customer_id"]).shift(),
            "last": of_each["moment"].shift(),
        }
    )
    # Orders of one moment do not know of each other: all take what the first of them knew.
    before = before.groupby([known["customer_id"], known["moment"]]).transform("first")
    before = before.where(so_far > 0)
    known["customer_orders"] = so_far
    known["customer_mean_amount"] = before["amount"] / so_far.replace(0, np.nan)
    known["customer_max_amount"] = before["largest"]
    known["last_at"] = before["last"]
    known["first_at"] = of_each["moment"].transform("min").where(so_far > 0)
    known["unit_price_so_far"] = before["amount"] / before["items"].replace(0, np.nan)
    timed = known.assign(at=pd.to_datetime(known["moment"], unit="us")).set_index("at")
    lately = timed.groupby("customer_id")["amount"]
    for name, window in (("last_hour", "1h"), ("last_day", "24h")):
        rolled = lately.rolling(window, closed="left")
        known[f"orders_{name}"] = rolled.count().fillna(0).to_numpy()
        if name == "last_day":
            known["amount_last_day"] = rolled.sum().to_numpy()
    known["amount_last_day"] = known["amount_last_day"].fillna(0)
    known = known.merge(_until_last_night(known), on="order_id", how="left")
    return known.drop(columns=["customer_id", "moment", "amount", "items"])


def _until_last_night(known: Any) -> Any:
    """What the view customer_orders held of each order's customer at the last midnight before."""
    of_each = known.groupby("customer_id")
    held = pd.DataFrame(
        {
            "customer_id": known["customer_id"],
            "last": known["moment"],
            "known_orders": of_each.cumcount() + 1,
            "spent": of_each["amount"].cumsum(),
            "first": of_each["moment"].transform("min"),
        }
    ).sort_values("last")
    asked = known[["order_id", "customer_id"]].assign(night=(known["moment"] - 1) // DAY * DAY)
    found = pd.merge_asof(
        asked.sort_values("night"),
        held,
        left_on="night",
        right_on="last",
        by="customer_id",
        allow_exact_matches=False,
    )
    found["known_mean_order_value"] = found["spent"] / found["known_orders"]
    found["known_days_since_last_order"] = (found["night"] - found["last"]) / DAY
    found["known_days_since_first_order"] = (found["night"] - found["first"]) / DAY
    return found[["order_id", *LOOKED_UP]]


def _fraud_rows(known: Any, timezone: str) -> Any:
    has = known["customer_id"].notna()
    at = pd.to_datetime(known["moment"], unit="us")
    local = at.dt.tz_localize("UTC").dt.tz_convert(timezone)
    known["ordered_at"] = at
    known["hour"] = local.dt.hour + local.dt.minute / 60
    known["weekday"] = local.dt.dayofweek
    known["is_guest"] = (~has).astype(int)
    known["is_new"] = (known["customer_orders"] == 0).astype(float).where(has)
    known["amount_ratio"] = known["amount"] / known["customer_mean_amount"].replace(0, np.nan)
    known["hours_since_last_order"] = (known["moment"] - known["last_at"]) / HOUR
    known["days_since_first_order"] = (known["moment"] - known["first_at"]) / DAY
    known["new_product_share"] = known["new_product_share"].where(has)
    known["price_ratio"] = known["max_unit_price"] / known["unit_price_so_far"].replace(0, np.nan)
    known["label"] = known["scenario"].notna().astype("uint8")
    known["scenario"] = known["scenario"].fillna("")
    known = known.sort_values(["ordered_at", "order_id"], ignore_index=True)
    place = (known["moment"].rank(method="min") - 1) / max(1, len(known) - 1)
    known["split"] = np.select([place < 0.6, place < 0.75], ["train", "calibrate"], "test")
    return known


def recommendations(lines: Any) -> Any:
    """Customer number, order number, time, product."""
    names = ["customer_id", "order_id", "ordered_at", "product_id"]
    bought = lines.loc[~lines["is_return"], names].drop_duplicates()
    customers = bought.dropna(subset=["customer_id"]).groupby("customer_id", as_index=False)
    first = customers.agg(at=("ordered_at", "min"), order=("order_id", "min"))
    first = first.sort_values(["at", "order"])
    numbers = pd.Series(np.arange(len(first)), index=first["customer_id"])
    orders = bought.groupby("order_id", as_index=False)["ordered_at"].min()
    orders = orders.sort_values(["ordered_at", "order_id"])
    places = pd.Series(np.arange(len(orders)), index=orders["order_id"])
    made = pd.DataFrame(
        {
            "customer": bought["customer_id"].map(numbers).fillna(-1).astype("int32"),
            "order_number": bought["order_id"].map(places).astype("int32"),
            "moment": bought["ordered_at"].astype("int64"),
            "product_id": bought["product_id"],
        }
    )
    return made.sort_values(["order_number", "product_id"], ignore_index=True)


def pricing(lines: Any, unit_cost_ratio: float) -> Any:
    """One row a product and week, with what was known the week before."""
    start = lines["ordered_at"].min().normalize()
    sales = lines[~lines["is_return"] & (lines["unit_price"] > 0)]
    sold = pd.DataFrame(
        {
            "product_id": sales["product_id"],
            "week": ((sales["ordered_at"].dt.normalize() - start).dt.days // 7).astype(int),
            "units": sales["quantity"],
            "paid": sales["unit_price"] * sales["quantity"],
            "listed": sales["list_price"] * sales["quantity"],
            "cost": sales["unit_cost"],
        }
    )
    sold = sold[sold["week"] < sold["week"].max()]
    weeks = sold.groupby(["product_id", "week"], as_index=False).agg(
        units=("units", "sum"),
        paid=("paid", "sum"),
        listed=("listed", "sum"),
        cost=("cost", "mean"),
    )
    weeks["price"] = weeks["paid"] / weeks["units"]
    weeks["listed"] /= weeks["units"]
    calendar, border = _calendar(weeks)
    every = calendar.merge(weeks, on=["product_id", "week"], how="left")
    every[["price", "listed", "cost"]] = every.groupby("product_id")[
        ["price", "listed", "cost"]
    ].ffill()
    every["units"] = every["units"].fillna(0)
    every["held_out"] = every["week"] >= border
    every["begins"] = start + pd.to_timedelta(every["week"] * 7, unit="D")
    return _week_features(every, unit_cost_ratio)


def _calendar(weeks: Any) -> tuple[Any, int]:
    """Every week of every product that is kept, from its first sale on."""
    last = int(weeks["week"].max())
    border = int(0.8 * (last + 1))
    before = weeks[weeks["week"] < border].groupby("product_id", as_index=False)
    kept = before.agg(first=("week", "min"), weeks=("week", "size"), units=("units", "sum"))
    kept = kept[kept["weeks"] >= 12]
    kept = kept.sort_values(["units", "product_id"], ascending=[False, True]).head(2000)
    repeated = kept.loc[kept.index.repeat(last - kept["first"] + 1), ["product_id", "first"]]
    age = repeated.groupby("product_id").cumcount()
    made = repeated.assign(age=age, week=repeated["first"] + age)
    return made.sort_values(["product_id", "week"], ignore_index=True), border


def _week_features(every: Any, unit_cost_ratio: float) -> Any:
    products = every.groupby("product_id")
    off = (1 - every["price"] / every["listed"].replace(0, np.nan)).clip(lower=0)
    last = products[["units", "price"]].shift()
    shifted = last.assign(off=off.groupby(every["product_id"]).shift())
    shifted = shifted.groupby(every["product_id"])

    def of(column: str, weeks: int, how: str) -> Any:
        rolled = getattr(shifted[column].rolling(weeks, min_periods=1), how)()
        return rolled.droplevel(0).sort_index()

    every["reference"] = of("price", 8, "median")
    every["units_last_week"] = last["units"]
    every["mean_units_4w"] = of("units", 4, "mean")
    every["mean_units_8w"] = of("units", 8, "mean")
    every["last_price_ratio"] = (last["price"] / every["reference"]).round(2)
    every["mean_discount_8w"] = of("off", 8, "mean")
    every["price_spread_8w"] = of("price", 8, "min") / every["reference"]
    turn = 2 * np.pi * every["begins"].dt.dayofyear / 365.25
    every["week_sin"], every["week_cos"] = np.sin(turn), np.cos(turn)
    every["price_ratio"] = (every["price"] / every["reference"]).round(2)
    every["unit_cost"] = every["cost"].fillna(unit_cost_ratio * every["reference"])
    every = every.rename(columns={"reference": "reference_price", "age": "weeks_since_first_sale"})
    known = (every["weeks_since_first_sale"] >= 4) & (every["reference_price"] > 0)
    known &= (every["price"] > 0) & (every["mean_units_8w"] > 0)
    return every[known].sort_values(["week", "product_id"], ignore_index=True)


def leaks(rows: Any, moment: str, learned: Any, same: list[str]) -> tuple[bool, int]:
    """Whether anything is learned from the test window's time on, and rows on both sides."""
    prints = pd.util.hash_pandas_object(rows[same], index=False)
    late = rows.loc[learned, moment].max() >= rows.loc[~learned, moment].min()
    return bool(late), int(prints[~learned].isin(prints[learned]).sum())


def border_of(purchases: Any) -> Any:
    """The moment before which 85 % of the orders lie."""
    moments = purchases.groupby("order_number")["moment"].first().to_numpy()
    return moments[min(len(moments) - 1, int(0.85 * len(moments)))]


def end_of_day(lines: Any) -> datetime:
    """The moment views hold for."""
    last: pd.Timestamp = lines["ordered_at"].max()
    return (last.normalize() + pd.Timedelta(days=1)).to_pydatetime()
