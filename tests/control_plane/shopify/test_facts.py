"""What a merchant reads."""

import pytest

from bentos.fraud.schema import INPUT_NAMES
from control_plane.shopify.explanation import Contribution
from control_plane.shopify.facts import (
    FAINT,
    MAX_FACTS,
    SHOWN,
    WORDS,
    Level,
    as_input,
    facts_of,
    level_of,
)


@pytest.mark.parametrize(
    ("probability", "level"),
    [
        (0.0, "LOW"),
        (0.1999, "LOW"),
        (0.2, "MEDIUM"),
        (0.5999, "MEDIUM"),
        (0.6, "HIGH"),
        (1, "HIGH"),
    ],
)
def test_levels_begin_at_their_thresholds(probability, level):
    assert level_of(probability, 0.2, 0.6) == level


def test_every_input_of_the_model_has_its_words():
    assert WORDS.keys() == set(INPUT_NAMES)


def test_the_strongest_are_told_with_their_direction():
    found = [
        Contribution("amount", 1250.0, 40.0, 2.1),
        Contribution("orders_last_hour", 0.0, 1.0, -0.4),
        Contribution("hour", 3.25, 14.0, FAINT / 2),
    ]
    score, first, second = facts_of(0.734, found, "fraud:20261101-aaaaaaaa")
    assert "73.4%" in score["description"]
    assert "fraud:20261101-aaaaaaaa" in score["description"]
    assert first == {
        "description": "Order total: 1,250.00 (usual here: 40.00); this raises the risk",
        "sentiment": "NEGATIVE",
    }
    assert second["sentiment"] == "POSITIVE"
    assert "lowers the risk" in second["description"]


def test_there_are_never_more_than_shopify_takes():
    found = [Contribution(name, 2.0, 1.0, 1.0) for name in INPUT_NAMES]
    told = facts_of(0.5, found, "v")
    assert len(told) == 1 + SHOWN <= MAX_FACTS
    assert all(len(each["description"]) <= 200 for each in told)


def test_before_there_is_anything_to_compare_with_it_says_so():
    assert "Too few orders" in facts_of(0.1, [], "v")[1]["description"]


def test_the_input_names_the_order_as_shopify_does():
    asked = as_input(5, Level.PENDING, [])
    assert asked == {"orderId": "gid://shopify/Order/5", "riskLevel": "PENDING", "facts": []}


def test_an_hour_and_a_day_are_read_as_such():
    told = facts_of(
        0.5, [Contribution("hour", 3.25, 23.999, 1), Contribution("weekday", 6, 0, 1)], "v"
    )
    assert "03:15 (usual here: 00:00)" in told[1]["description"]
    assert "Sunday (usual here: Monday)" in told[2]["description"]
