"""Contributions: exact where there is an exact answer, and the strongest first."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.shopify.explanation import ENOUGH, contributions, log_odds, occluded, usual_of

NAMES = ("amount", "items", "hour")
numbers = st.floats(-3, 3, allow_nan=False)
rows = st.fixed_dictionaries(dict.fromkeys(NAMES, numbers))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


@given(rows, rows, st.tuples(*[st.floats(-1, 1)] * 3), st.floats(-1, 1))
def test_a_sum_of_inputs_is_taken_apart_exactly(row, usual, weights, bias):
    def model(values):
        return sigmoid(bias + sum(w * values[n] for n, w in zip(NAMES, weights, strict=True)))

    without = {name: model(other) for name, other in occluded(row, usual)}
    found = contributions(row, usual, model(row), without)
    for each in found:
        weight = weights[NAMES.index(each.name)]
        assert each.log_odds == pytest.approx(
            weight * (row[each.name] - usual[each.name]), abs=1e-6
        )
    strengths = [abs(each.log_odds) for each in found]
    assert strengths == sorted(strengths, reverse=True)
    # And together they lead from the usual order to this one.
    total = sum(each.log_odds for each in found)
    assert log_odds(model(usual)) + total == pytest.approx(log_odds(model(row)), abs=1e-6)


def test_what_is_usual_takes_enough_orders():
    orders = [{"amount": float(n)} | ({"hour": 3.0} if n % 2 else {}) for n in range(ENOUGH)]
    assert usual_of(orders[:-1]) == {}
    assert usual_of(orders) == {"amount": 9.5, "hour": 3.0}


def test_only_what_is_not_usual_is_asked():
    assert occluded({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.0, "b": 5.0}) == [
        ("b", {"a": 1.0, "b": 5.0, "c": 3.0})
    ]


def test_certainty_stays_finite():
    assert math.isfinite(log_odds(0.0))
    assert log_odds(1.0) == pytest.approx(-log_odds(0.0))


def test_a_small_probability_is_told_from_none_at_all():
    assert log_odds(2e-6) > log_odds(0.0)
    assert log_odds(0.0) == log_odds(1e-6)


def test_one_enormous_order_does_not_change_what_is_usual():
    orders = [{"amount": 10.0}] * 19
    assert usual_of(orders) == {}
    assert usual_of([*orders, {"amount": 1e6}]) == {"amount": 10.0}


def test_what_weighs_the_same_is_told_by_name_whichever_way_it_leads():
    row = dict.fromkeys("bacd", 1.0)
    usual = dict.fromkeys(row, 0.0)
    found = contributions(row, usual, 0.5, {"b": 0.4, "a": 0.4, "c": 0.2, "d": 0.9})
    assert [each.name for each in found] == ["d", "c", "a", "b"]
    assert [each.log_odds > 0 for each in found] == [False, True, True, True]
