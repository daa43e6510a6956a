"""The judgement of a soak: steady growth is seen through noise, and noise is no growth."""

import random

import pytest

from load_tests.growth import FLOOR, Sample, growth

MIB = 1_048_576


def run(size, minutes=10, seed=0):
    """A sample a second; ``size`` says how many bytes at a second."""
    chance = random.Random(seed)
    return [Sample(at, int(size(at, chance))) for at in range(minutes * 60)]


def flat(_at, chance):
    return 150 * MIB + chance.gauss(0, MIB)


def test_noise_alone_does_not_grow():
    for seed in range(10):
        assert not growth(run(flat, seed=seed)).grows


@pytest.mark.parametrize("per_minute", [1.0, 5.0])
def test_a_steady_leak_grows(per_minute):
    judged = growth(run(lambda at, chance: flat(at, chance) + per_minute * MIB * at / 60))
    assert judged.grows
    assert judged.per_minute == pytest.approx(per_minute * MIB, rel=0.3)
    assert judged.total == pytest.approx(5 * per_minute * MIB, rel=0.3)


def test_caches_that_fill_in_the_first_half_do_not_count():
    assert not growth(run(lambda at, chance: flat(at, chance) + min(at, 240) * MIB)).grows


def test_a_few_wild_samples_bend_nothing():
    def wild(at, chance):
        return flat(at, chance) * (10 if at % 7 == 0 else 1)

    assert not growth(run(wild)).grows


def test_too_few_samples_are_no_growth():
    assert growth([]).limit == FLOOR
    assert not growth([Sample(0, 1), Sample(1, 10**9)]).grows
