import math

from load_tests.load_result import LoadResult, Tally


def test_percentiles():
    result = LoadResult(1, 2.0, [1_000_000, 2_000_000, 3_000_000, 4_000_000])
    assert result.per_second == 2.0
    assert result.percentile_ms(0.5) == 3.0
    assert result.percentile_ms(1.0) == 4.0


def test_no_answer_has_no_percentile():
    assert math.isnan(LoadResult(1, 1.0, []).percentile_ms(0.5))


def test_only_the_first_failures_are_kept_in_words():
    tally = Tally()
    for number in range(5):
        tally.fail(str(number))
    assert (tally.failed, tally.failures) == (5, ["0", "1", "2"])
