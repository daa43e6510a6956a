"""An assessment in words: what a merchant reads beside the order. Pure.

At most 20 facts, Shopify's limit; ours are the score and the strongest contributions. They say
numbers of the order and of what is usual in the shop, and nothing that names anybody.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from control_plane.shopify.explanation import CUSTOMER_ID, Contribution

MAX_FACTS = 20
SHOWN = 6
"""Contributions shown."""
FAINT = 0.1
"""Log-odds below which a contribution says nothing: a tenth of the odds."""


class Level(StrEnum):
    """Shopify's ``RiskAssessmentResult``."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    NONE = "NONE"
    PENDING = "PENDING"


class Sentiment(StrEnum):
    """Shopify's ``RiskFactSentiment``."""

    POSITIVE = "POSITIVE"
    NEUTRAL = "NEUTRAL"
    NEGATIVE = "NEGATIVE"


Fact = dict[str, str]
Say = Callable[[float], str]


def _money(value: float) -> str:
    return f"{value:,.2f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _share(value: float) -> str:
    return f"{value:.0%}"


def _times(value: float) -> str:
    return f"{value:.1f} times"


def _clock(value: float) -> str:
    minutes = round(value % 24 * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _day(value: float) -> str:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return days[int(value) % 7]


def _yes(value: float) -> str:
    return "yes" if value >= 0.5 else "no"


def _hours(value: float) -> str:
    return f"{value:,.1f} h" if value < 48 else f"{value / 24:,.0f} days"


def _days(value: float) -> str:
    return f"{value:,.0f} days"


def _plain(value: float) -> str:
    return f"{value:,.2f}"


WORDS: dict[str, tuple[str, Say]] = {
    "amount": ("Order total", _money),
    "items": ("Units in the order", _count),
    "distinct_products": ("Different products in the order", _count),
    "max_unit_price": ("Highest unit price", _money),
    "mean_unit_price": ("Mean unit price", _money),
    "max_quantity": ("Units of the largest line", _count),
    "top_line_share": ("Share of the dearest line in the total", _share),
    "discount_share": ("Share of discounts", _share),
    "hour": ("Time of day in the shop's zone", _clock),
    "weekday": ("Day of the week", _day),
    "is_guest": ("Ordered as a guest", _yes),
    "is_new": ("First order of this customer", _yes),
    "customer_orders": ("Earlier orders of this customer", _count),
    "customer_mean_amount": ("Mean total of their earlier orders", _money),
    "customer_max_amount": ("Highest total of their earlier orders", _money),
    "amount_ratio": ("Total compared with their mean so far", _times),
    "hours_since_last_order": ("Time since their last order", _hours),
    "days_since_first_order": ("Time since their first order", _days),
    "orders_last_hour": ("Their other orders within the last hour", _count),
    "orders_last_day": ("Their other orders within the last 24 hours", _count),
    "amount_last_day": ("Total of those", _money),
    "new_product_share": ("Share of products they never bought before", _share),
    "price_ratio": ("Highest unit price compared with what they usually pay", _times),
    "popularity": ("How often these products sell (logarithm)", _plain),
}


def level_of(probability: float, medium: float, high: float) -> Level:
    """LOW below ``medium``, HIGH from ``high`` on."""
    if probability >= high:
        return Level.HIGH
    return Level.MEDIUM if probability >= medium else Level.LOW


def facts_of(probability: float, found: Sequence[Contribution], version: str) -> list[Fact]:
    """The score, then what moved it most."""
    told = [_fact(f"Estimated probability of fraud: {probability:.1%} (model {version})")]
    strong = [each for each in found if abs(each.log_odds) >= FAINT][:SHOWN]
    told += [_fact(_words(each), _sentiment(each)) for each in strong]
    if not found:
        told.append(_fact("Too few orders of this shop are known yet to say what is unusual here"))
    return told[:MAX_FACTS]


def pending_facts() -> list[Fact]:
    """While it is not known yet."""
    return [_fact("The estimate takes longer than usual; it follows")]


def unscored_facts() -> list[Fact]:
    """After it was given up."""
    return [_fact("No estimate could be made for this order")]


def as_input(order_id: int, level: Level, facts: Sequence[Fact]) -> dict[str, Any]:
    """``OrderRiskAssessmentCreateInput``."""
    gid = f"gid://shopify/Order/{order_id}"
    return {"orderId": gid, "riskLevel": level.value, "facts": list(facts)}


def _words(each: Contribution) -> str:
    if each.name == CUSTOMER_ID:
        return f"What is known of this customer's earlier orders {_effect(each)} the risk"
    label, say = WORDS.get(each.name, (each.name.replace("_", " ").capitalize(), _plain))
    value, usual = say(each.value), say(each.usual)
    compared = f"usual here: {usual}" if usual != value else "slightly off what is usual here"
    return f"{label}: {value} ({compared}); this {_effect(each)} the risk"


def _effect(each: Contribution) -> str:
    return "raises" if each.log_odds > 0 else "lowers"


def _sentiment(each: Contribution) -> Sentiment:
    return Sentiment.NEGATIVE if each.log_odds > 0 else Sentiment.POSITIVE


def _fact(text: str, sentiment: Sentiment = Sentiment.NEUTRAL) -> Fact:
    return {"description": text, "sentiment": sentiment.value}
