import pytest

from load_tests.paired_ratio import T_QUANTILES, paired_ratio


def test_the_same_change_in_every_pair_has_no_spread():
    ratio = paired_ratio([1.0, 10.0, 5.0], [2.0, 20.0, 10.0])
    assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))
    assert ratio.pairs == 3


def test_halving_and_doubling_are_no_change():
    assert paired_ratio([1.0, 1.0], [2.0, 0.5]).estimate == pytest.approx(1.0)


def test_the_interval_is_students():
    """Logarithms -0.1, 0, 0.1: mean 0, deviation 0.1, t = 4.303 at two degrees of freedom."""
    ratio = paired_ratio([1.0] * 3, [0.904837418, 1.0, 1.105170918])
    assert ratio.high == pytest.approx(2.718281828 ** (4.303 * 0.1 / 3**0.5), rel=1e-6)
    assert ratio.low == pytest.approx(1 / ratio.high, rel=1e-6)


def test_more_pairs_than_the_table_has_take_the_normal_distribution():
    count = len(T_QUANTILES) + 2
    ratio = paired_ratio([1.0] * count, [1.0, 1.1] * (count // 2))
    assert ratio.low < ratio.estimate < ratio.high


@pytest.mark.parametrize(("base", "treated"), [([1.0], [1.0]), ([1.0, 2.0], [1.0])])
def test_fewer_than_two_pairs_are_refused(base, treated):
    with pytest.raises(ValueError, match="two or more pairs"):
        paired_ratio(base, treated)
