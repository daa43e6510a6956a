"""Waits double within bounds, and differ between runs."""

from training.nightly.retry import waits


def test_waits_double_up_to_a_minute():
    found = list(waits(attempts=12, seed=3))
    assert len(found) == 11
    for number, wait in enumerate(found):
        longest = min(2**number, 60)
        assert longest / 2 <= wait <= longest


def test_runs_do_not_knock_together():
    assert list(waits(seed=1)) == list(waits(seed=1))
    assert list(waits(seed=1)) != list(waits(seed=2))
