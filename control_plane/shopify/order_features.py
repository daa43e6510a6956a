"""The inputs of an order that a fraud model may ask for, by name. Pure.

The same definitions as ``training/fraud/features.py``, whose parity a test holds: every look back
leaves out the order itself and whatever came at the same moment or later. What is not known (a
guest's history) is left out of the row, and the model's schema has its default.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line; ``is_first``: its customer never bought this before; ``sold_before``: lines of the
    same product in earlier orders of the shop."""

    quantity: int
    unit_price: float
    list_price: float
    product: int | None
    is_first: bool
    sold_before: int


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An earlier order of the same customer."""

    at_us: int
    amount: float
    items: int


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """``past`` is None for a guest; times are microseconds, ``offset_s`` leads to the shop's
    zone."""

    at_us: int
    offset_s: int
    lines: Sequence[SoldLine]
    past: Sequence[PastOrder] | None


def features_of(order: PlacedOrder) -> Features:
    """Name → value, without what is not known."""
    found = _basket(order) | _moment(order)
    found["is_guest"] = float(order.past is None)
    if order.past is not None:
        found |= _customer(order, order.past, found)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _basket(order: PlacedOrder) -> Features:
    paid = [line.unit_price * line.quantity for line in order.lines]
    gross = sum(max(line.list_price, line.unit_price) * line.quantity for line in order.lines)
    amount, items = sum(paid), sum(line.quantity for line in order.lines)
    found = {
        "amount": amount,
        "items": float(items),
        "distinct_products": float(len({line.product for line in order.lines})),
        "max_unit_price": max((line.unit_price for line in order.lines), default=0.0),
        "mean_unit_price": _ratio(amount, items),
        "max_quantity": float(max((line.quantity for line in order.lines), default=0)),
        "top_line_share": min(1.0, _ratio(max(paid, default=0.0), amount)),
        "discount_share": max(0.0, 1.0 - _ratio(amount, gross)),
    }
    if order.lines:
        found["popularity"] = _mean([math.log1p(line.sold_before) for line in order.lines])
    return found


def _moment(order: PlacedOrder) -> Features:
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=order.at_us, seconds=order.offset_s
    )
    return {"hour": local.hour + local.minute / 60.0, "weekday": float(local.weekday())}


def _customer(order: PlacedOrder, past: Sequence[PastOrder], basket: Features) -> Features:
    within_hour = [each for each in past if each.at_us >= order.at_us - HOUR_US]
    within_day = [each for each in past if each.at_us >= order.at_us - DAY_US]
    found = {
        "is_new": float(not past),
        "customer_orders": float(len(past)),
        "orders_last_hour": float(len(within_hour)),
        "orders_last_day": float(len(within_day)),
        "amount_last_day": sum(each.amount for each in within_day),
    }
    if order.lines:
        found["new_product_share"] = _mean([float(line.is_first) for line in order.lines])
    if past:
        amounts = [each.amount for each in past]
        unit_price = _ratio(sum(amounts), sum(each.items for each in past))
        found |= {
            "customer_mean_amount": _mean(amounts),
            "customer_max_amount": max(amounts),
            "amount_ratio": _ratio(basket["amount"], _mean(amounts)),
            "hours_since_last_order": (order.at_us - max(e.at_us for e in past)) / HOUR_US,
            "days_since_first_order": (order.at_us - min(e.at_us for e in past)) / DAY_US,
            "price_ratio": _ratio(basket["max_unit_price"], unit_price),
        }
    return found


def _ratio(part: float, whole: float) -> float:
    """NaN, which is left out, where there is nothing to divide by."""
    return part / whole if whole else math.nan


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
