"""The seven feature views as one writes them in pandas: each a table, one row an entity."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

DAYS = pd.Timedelta(days=1)


def views(lines: Any, moment: datetime) -> dict[str, Any]:
    """Every view as of a moment (naive UTC), by its name."""
    at = pd.Timestamp(moment)
    known = lines[~lines["is_return"] & (lines["ordered_at"] < at)].copy()
    known["paid"] = known["unit_price"] * known["quantity"]
    known["gross"] = known[["list_price", "unit_price"]].max(axis=1) * known["quantity"]
    purchases = known[known["customer_id"].notna()]
    orders = purchases.groupby(["customer_id", "order_id"], as_index=False).agg(
        ordered_at=("ordered_at", "min"), amount=("paid", "sum")
    )
    made = {
        "customer_orders": _customer_orders(orders, at),
        "customer_segments": _customer_segments(orders),
        "customer_baskets": _customer_baskets(purchases),
        "product_sales": _product_sales(_last(known, at, 28)),
        "product_affinity": _product_affinity(_last(known, at, 90)),
        "product_prices": _product_prices(_last(known, at, 56), at),
        "product_seasons": _product_seasons(known, at),
    }
    return {name: _finished(table) for name, table in made.items()}


def _finished(table: Any) -> Any:
    """By entity, as text."""
    table.index = table.index.astype(str)
    return table.rename_axis("entity").sort_index().reset_index()


def _last(known: Any, at: pd.Timestamp, days: int) -> Any:
    return known[known["ordered_at"] >= at - days * DAYS]


def _customer_orders(orders: Any, at: pd.Timestamp) -> Any:
    made = orders.groupby("customer_id").agg(
        orders=("order_id", "size"),
        spend=("amount", "sum"),
        last=("ordered_at", "max"),
        first=("ordered_at", "min"),
    )
    return pd.DataFrame(
        {
            "orders": made["orders"],
            "spend": made["spend"],
            "mean_order_value": made["spend"] / made["orders"],
            "days_since_last_order": (at - made["last"]) / DAYS,
            "days_since_first_order": (at - made["first"]) / DAYS,
        }
    )


def _customer_segments(orders: Any) -> Any:
    made = orders.groupby("customer_id").agg(
        recency=("ordered_at", "max"), frequency=("order_id", "size"), monetary=("amount", "sum")
    )
    made["monetary"] = made["monetary"].round(4)
    scores = pd.DataFrame(index=made.index)
    for name in made:
        ranked = made.reset_index().sort_values([name, "customer_id"])["customer_id"]
        # As NTILE: the first tiles take one more where it does not divide.
        size, more = divmod(len(ranked), 5)
        tiles = np.repeat(np.arange(5), [size + (tile < more) for tile in range(5)])
        scores[name] = pd.Series(tiles, index=ranked)
    scores["segment"] = 25 * scores["recency"] + 5 * scores["frequency"] + scores["monetary"]
    return scores


def _customer_baskets(lines: Any) -> Any:
    orders = lines.groupby(["customer_id", "order_id"]).agg(
        amount=("paid", "sum"),
        gross=("gross", "sum"),
        units=("quantity", "sum"),
        products=("product_id", "nunique"),
    )
    baskets = orders.groupby("customer_id").agg(
        mean_products=("products", "mean"),
        mean_units=("units", "mean"),
        largest_value=("amount", "max"),
        amount=("amount", "sum"),
        gross=("gross", "sum"),
        taken=("products", "sum"),
    )
    different = lines.groupby("customer_id")["product_id"].nunique()
    baskets["discount_share"] = 1 - baskets["amount"] / baskets["gross"].replace(0, np.nan)
    baskets["repeat_share"] = 1 - different / baskets["taken"]
    return baskets.drop(columns=["amount", "gross", "taken"])


def _product_sales(lines: Any) -> Any:
    sales = (
        lines[lines["quantity"] > 0]
        .groupby("product_id")
        .agg(
            orders_28d=("order_id", "nunique"),
            units_28d=("quantity", "sum"),
            customers_28d=("customer_id", "nunique"),
            paid=("paid", "sum"),
        )
    )
    sales["mean_price_28d"] = sales.pop("paid") / sales["units_28d"]
    return sales


def _product_affinity(lines: Any) -> Any:
    bought = lines[["order_id", "product_id"]].drop_duplicates()
    sizes = bought.groupby("order_id")["product_id"].transform("size")
    baskets = bought[sizes <= 50]
    pairs = baskets.merge(baskets.rename(columns={"product_id": "other"}), on="order_id")
    pairs = pairs[pairs["product_id"] != pairs["other"]]
    together = pairs.groupby(["product_id", "other"], as_index=False).agg(
        orders=("order_id", "size")
    )
    together = together[together["orders"] >= 2]
    together = together.sort_values(
        ["product_id", "orders", "other"], ascending=[True, False, True]
    )
    near = together.groupby("product_id").head(10)
    alone = baskets.groupby("product_id").size().rename("of")
    near = near.join(alone, on="product_id")
    near["share"] = near["orders"] / near["of"]
    return near.groupby("product_id").agg(
        bought_with=("other", list), bought_with_share=("share", list)
    )


def _product_prices(lines: Any, at: pd.Timestamp) -> Any:
    lines = lines[(lines["unit_price"] > 0) & (lines["quantity"] > 0)]
    newest = lines.sort_values(
        ["ordered_at", "order_id", "unit_price"], ascending=[False, True, True]
    ).drop_duplicates("product_id")
    prices = lines.groupby("product_id").agg(
        lowest_price_56d=("unit_price", "min"),
        highest_price_56d=("unit_price", "max"),
        paid=("paid", "sum"),
        units=("quantity", "sum"),
    )
    month = _last(lines, at, 28).groupby("product_id")[["paid", "quantity", "gross"]].sum()
    prices["last_price"] = newest.set_index("product_id")["unit_price"]
    prices["mean_price_28d"] = month["paid"] / month["quantity"]
    prices["discount_share_28d"] = 1 - month["paid"] / month["gross"]
    prices["price_ratio"] = prices["last_price"] / (prices["paid"] / prices["units"])
    return prices.drop(columns=["paid", "units"])


def _product_seasons(lines: Any, at: pd.Timestamp) -> Any:
    age = (at - lines["ordered_at"]) / DAYS
    aged = lines.assign(age=age)

    def units(newest: int, oldest: int) -> Any:
        within = aged[(aged["age"] > newest) & (aged["age"] <= oldest)]
        return within.groupby("product_id")["quantity"].sum()

    made = aged.groupby("product_id").agg(days_since_first_sale=("age", "max"))
    made["units_7d"] = units(0, 7)
    made["units_28d"] = units(0, 28)
    made["units_364d"] = units(0, 364)
    made["units_next_28d_last_year"] = units(336, 364)
    made = made.fillna(0.0)
    a_year = made["days_since_first_sale"] >= 364
    usual = (made["units_364d"] * 28 / 364).replace(0, np.nan)
    made["season_ratio"] = (made["units_next_28d_last_year"] / usual).where(a_year)
    made["units_next_28d_last_year"] = made["units_next_28d_last_year"].where(a_year)
    return made
