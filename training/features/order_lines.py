"""What every view is defined over: canonical order lines, and the moment values hold for."""

from datetime import datetime, timedelta
from typing import Any

import ibis

TABLE = "order_lines"
MONEY = "decimal(18, 4)"

LINES = ibis.table(
    {
        "order_id": "string",
        "ordered_at": "timestamp(6)",  # UTC, without a zone
        "customer_id": "string",  # a pseudonym, null for guests
        "product_id": "int64",
        "quantity": "int64",
        "unit_price": MONEY,
        "list_price": MONEY,
        "is_return": "boolean",
    },
    name=TABLE,
)
MOMENT = ibis.param("timestamp")
"""Bound to a moment (naive UTC) whenever a definition is compiled."""
_days_before: dict[int, Any] = {}


def days_before(days: int) -> Any:
    """The moment less whole days: a parameter of its own, because what Ibis writes for a
    difference of the two (TIMESTAMP_SUB of a DATETIME) is none of BigQuery's functions."""
    return _days_before.setdefault(days, ibis.param("timestamp"))


def bound(moment: datetime) -> dict[Any, datetime]:
    """Every parameter that a definition may use, for one moment (naive UTC)."""
    earlier = {param: moment - timedelta(days=days) for days, param in _days_before.items()}
    return {MOMENT: moment, **earlier}


def known() -> Any:
    """Sales before the moment, without returns: what happens at the moment itself is not known."""
    return LINES.filter(~LINES.is_return, LINES.ordered_at < MOMENT)


def known_for(days: int) -> Any:
    """Those of the last days alone."""
    lines = known()
    return lines.filter(lines.ordered_at >= days_before(days))


def days_until_moment(time: Any) -> Any:
    """Days, with their fraction, from a time to the moment."""
    return MOMENT.delta(time, unit="microsecond") / 86_400_000_000.0


def as_float(money: Any) -> Any:
    """Money is summed exactly and made a float last: sums of floats depend on their order."""
    return money.cast("float64")
