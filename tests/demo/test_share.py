import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.share import acceptance


def cumulated(trials: int, share: float, upto: int) -> float:
    return sum(
        math.comb(trials, count) * share**count * (1 - share) ** (trials - count)
        for count in range(upto + 1)
    )


@pytest.mark.parametrize(("trials", "share"), [(50, 0.05), (200, 0.25), (300, 0.1), (10, 0.5)])
def test_each_tail_outside_holds_at_most_half_of_alpha(trials, share):
    low, high = acceptance(trials, share, alpha=0.01)
    below, above = round(low * trials) - 1, round(high * trials)
    assert below < 0 or cumulated(trials, share, below) <= 0.005
    assert 1 - cumulated(trials, share, above) <= 0.005
    assert cumulated(trials, share, below + 1) > 0.005, "the region is no wider than needed"


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nobody_and_everybody_are_exact(share):
    assert acceptance(5000, share) == (share, share)


def test_nothing_seen_says_nothing():
    assert acceptance(0, 0.05) == (0.0, 1.0)


def test_two_thousand_keys_tell_five_percent_from_eight():
    low, high = acceptance(2000, 0.05)
    assert 0.03 < low < 0.05 < high < 0.08


@given(st.integers(1, 3000), st.floats(0.001, 0.999))
def test_the_planned_share_is_inside_up_to_one_key(trials, share):
    low, high = acceptance(trials, share)
    assert low - 1 / trials <= share <= high + 1 / trials
