"""The paired bootstrap against cases whose answer is known on paper."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from bentos.contract.errors import ContractError
from training.nightly.bootstrap import (
    Improvement,
    Verdict,
    average_precision,
    decide,
    mean_of,
    paired,
)

DRAW = np.random.default_rng(7)


def improvement(champion, challenger, **more):
    options = {"higher_is_better": True, "seed": 1, "groups": np.arange(len(champion))} | more
    return paired(mean_of(champion), mean_of(challenger), **options)


def test_the_interval_of_a_mean_is_the_normal_one():
    champion = DRAW.normal(0, 1, 900)
    difference = DRAW.normal(0.2, 0.5, 900)
    found = improvement(champion, champion + difference)
    half = 1.96 * difference.std() / 30
    assert found.low == pytest.approx(difference.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(difference.mean() + half, abs=0.15 * half)
    assert found.challenger - found.champion == pytest.approx(difference.mean())


def test_what_the_rows_have_in_common_cancels_out():
    rows = DRAW.normal(0, 100, 300)
    found = improvement(rows, rows + 1.0)
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0)


def test_a_mean_of_yes_and_no_is_the_binomial_one():
    # 40 rows were gained, 10 lost of 400: the sign test's standard error.
    change = np.concatenate([np.ones(40), -np.ones(10), np.zeros(350)])
    found = improvement(np.zeros(400), change)
    error = np.sqrt((50 / 400 - (30 / 400) ** 2) / 400)
    assert found.middle == pytest.approx(30 / 400, abs=0.005)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_rows_of_one_group_are_drawn_together():
    difference = np.repeat(DRAW.normal(0.1, 1, 40), 25)
    alone = improvement(np.zeros(1000), difference)
    together = improvement(np.zeros(1000), difference, groups=np.repeat(np.arange(40), 25))
    # 25 copies of a row say no more than one: the interval is five times as wide.
    ratio = (together.high - together.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(5.0, rel=0.15)
    assert (together.rows, together.groups) == (1000, 40)


def test_lower_may_be_better():
    errors = DRAW.uniform(1, 2, 200)
    found = improvement(errors, errors - 0.5, higher_is_better=False)
    assert found.low == pytest.approx(0.5)


def test_equal_seeds_give_equal_intervals():
    one, other = DRAW.normal(0, 1, 200), DRAW.normal(0, 1, 200)
    assert improvement(one, other) == improvement(one, other)
    assert improvement(one, other).low != improvement(one, other, seed=2).low


@pytest.mark.parametrize("digits", [1, 6])
def test_average_precision_is_scikit_learn_s_with_ties_and_weights(digits):
    scores = DRAW.random(400).round(digits)
    labels = (DRAW.random(400) < 0.2).astype(int)
    weights = DRAW.integers(0, 4, 400).astype(float)
    expected = average_precision_score(labels, scores, sample_weight=weights)
    assert average_precision(labels, scores)(weights) == pytest.approx(expected, abs=1e-12)


def test_draws_without_a_positive_count_for_nobody():
    labels = np.array([1, *[0] * 9])
    scores = np.linspace(1, 0, 10)
    figure = average_precision(labels, scores)
    found = paired(figure, figure, np.arange(10), higher_is_better=True, seed=1, draws=200)
    # Drawn without it: (1 - 1/10)^10 of the time.
    assert found.draws == pytest.approx(200 * (1 - 0.9**10), abs=25)


def test_one_group_says_nothing():
    with pytest.raises(ContractError, match="at least two groups"):
        improvement(np.zeros(5), np.ones(5), groups=np.zeros(5))


@pytest.mark.parametrize(
    ("low", "high", "margin", "verdict"),
    [
        (0.02, 0.05, 0.0, Verdict.BETTER),
        (0.02, 0.05, 0.05, Verdict.UNDECIDED),
        (-0.01, 0.05, 0.0, Verdict.UNDECIDED),
        (-0.01, 0.05, -0.05, Verdict.BETTER),
        (-0.05, -0.01, 0.0, Verdict.WORSE),
        (-0.05, -0.03, -0.05, Verdict.WORSE),
        (-0.024, -0.02, -0.05, Verdict.BETTER),
        # Not enough to be let through, and yet no worse than the champion.
        (0.001, 0.002, 0.05, Verdict.UNDECIDED),
        (0.0, 0.0, 0.0, Verdict.UNDECIDED),
    ],
)
def test_the_decision_is_about_the_whole_interval(low, high, margin, verdict):
    found = Improvement(
        champion=0.5,
        challenger=0.5,
        low=low,
        middle=(low + high) / 2,
        high=high,
        rows=9,
        groups=9,
        draws=9,
        level=0.95,
    )
    assert decide(found, margin) is verdict


def test_of_equal_models_few_are_called_better():
    # Coverage: two models without a difference differ in 2.5 % of worlds on either side.
    better = sum(
        improvement(DRAW.normal(0, 1, 150), DRAW.normal(0, 1, 150), draws=200, seed=n).low > 0
        for n in range(120)
    )
    assert better <= 10
