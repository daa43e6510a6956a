"""The leaky bucket, by hand."""

import pytest

from tests.stand_in.shopify.bucket import Bucket, Plan


@pytest.mark.parametrize(
    ("plan", "size"),
    [(Plan.STANDARD, (2000, 100)), (Plan.ADVANCED, (4000, 200)), (Plan.PLUS, (20000, 1000))],
)
def test_sizes_are_of_the_plan(plan, size):
    bucket = Bucket.of(plan, 0)
    assert (bucket.maximum, bucket.restore_rate) == size
    assert bucket.available(0) == size[0]


def test_points_come_back_by_the_clock_and_never_more_than_it_holds():
    bucket = Bucket.of(Plan.STANDARD, 0)
    assert bucket.take(1000, 0)
    assert bucket.available(2.5) == 1250
    assert bucket.available(100) == 2000


def test_what_is_not_there_is_not_taken():
    bucket = Bucket.of(Plan.STANDARD, 0)
    assert bucket.take(1000, 0)
    assert bucket.take(1000, 0)
    assert not bucket.take(1, 0)
    assert bucket.history(0)["lowest"] == 0
    assert bucket.take(1, 0.01)
    assert bucket.history(0.01) | {"throttled": 1, "asked": 4} == bucket.history(0.01)


def test_what_was_not_needed_is_given_back():
    bucket = Bucket.of(Plan.STANDARD, 0)
    bucket.take(752, 0)
    bucket.give_back(700, 0)
    assert bucket.available(0) == 1948
    assert bucket.history(0)["spent"] == 52


def test_a_clock_that_went_back_gives_nothing():
    bucket = Bucket.of(Plan.STANDARD, 10)
    bucket.take(100, 10)
    assert bucket.available(5) == 1900
    assert bucket.available(10.5) == 1950


def test_history_tells_how_well_the_rate_was_used():
    bucket = Bucket.of(Plan.STANDARD, 0)
    bucket.take(1000, 0)
    bucket.take(1000, 0)
    bucket.forget(0)
    for second in range(1, 101):
        assert bucket.take(90, second)
    history = bucket.history(100)
    assert history["share_used"] == pytest.approx(0.9)
    assert history["share_kept"] == pytest.approx(1)
    assert history["lowest"] == 0
    bucket.forget(100)
    # Full at 110, so ten of the next twenty seconds are lost.
    assert bucket.history(130)["share_kept"] == pytest.approx(1 / 3, abs=0.01)
