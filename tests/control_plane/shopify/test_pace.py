"""A batch is as large as its disk is quick, within bounds."""

import pytest

from control_plane.shopify.pace import AIM_S, FIRST, LEAST, MOST, Pace


@pytest.mark.parametrize(("seconds", "size"), [(0.0, 2 * FIRST), (AIM_S, FIRST), (9.0, FIRST // 2)])
def test_one_transaction_changes_it_by_two_at_most(seconds, size):
    pace = Pace()
    pace.took(seconds)
    assert pace.size == size


@pytest.mark.parametrize(("seconds", "size"), [(0.0, MOST), (9.0, LEAST)])
def test_it_has_bounds(seconds, size):
    pace = Pace()
    for _ in range(20):
        pace.took(seconds)
    assert pace.size == size


@pytest.mark.parametrize("a_row_s", [0.0001, 0.001])
def test_it_finds_what_takes_as_long_as_it_aims_at(a_row_s):
    pace = Pace()
    for _ in range(20):
        pace.took(0.005 + a_row_s * pace.size)
    assert 0.5 * AIM_S <= 0.005 + a_row_s * pace.size <= 1.5 * AIM_S
