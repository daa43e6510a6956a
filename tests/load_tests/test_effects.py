import pytest

from load_tests.effects import EFFECTS, effect_row
from load_tests.load_result import LoadResult

BY_NAME = {effect.name: effect for effect in EFFECTS}


def result(milliseconds, answers=100, **more):
    """A round whose every answer took that long, one after another."""
    return LoadResult(1, 1.0, [int(milliseconds * 1e6)] * answers, **more)


def test_latency_is_the_treated_side_over_the_plain_one():
    results = {"gateway": [result(1), result(3)], "gateway_shadow": [result(2), result(6)]}
    row = effect_row(BY_NAME["shadow_fast"], results)
    assert (row["estimate"], row["interval"], row["pairs"]) == (2.0, [2.0, 2.0], 2)
    assert (row["base"], row["treated"], row["unit"]) == (2.0, 4.0, "p99 ms")


def test_throughput_is_told_as_time_per_answer():
    results = {"gateway": [result(1, 100)] * 2, "log_strict": [result(1, 80)] * 2}
    row = effect_row(BY_NAME["log_strict"], results)
    assert row["estimate"] == 1.25
    assert (row["base"], row["treated"]) == (10_000, 12_500)


def test_the_default_log_is_compared_with_none_at_all():
    results = {"gateway": [result(1, 100)] * 2, "log_off": [result(1, 125)] * 2}
    row = effect_row(BY_NAME["log_default"], results)
    assert row["estimate"] == 1.25
    assert (row["base"], row["treated"]) == (8_000, 10_000)


def test_a_side_that_answers_nothing_has_no_interval():
    results = {
        "gateway": [result(1)] * 3,
        "shadow_hung": [result(1), result(1, 0, failed=5), result(1, 0, failed=5)],
    }
    row = effect_row(BY_NAME["shadow_hung"], results)
    assert (row["estimate"], row["interval"], row["pairs"]) == (None, None, 1)
    assert row["failed"] == 10


@pytest.mark.parametrize("name", ["shadow_fast", "shadow_hung", "shadow_killed"])
def test_what_a_shadow_does_to_latency_is_claimed_to_be_small(name):
    assert BY_NAME[name].claimed
    assert BY_NAME[name].open_loop
