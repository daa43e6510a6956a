import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.deadline import canary_budget_ms, reserve_ms


@pytest.mark.parametrize(("p99", "reserve"), [(0.0, 10.0), (5.0, 10.0), (5.5, 11.0), (50.0, 100.0)])
def test_reserve_is_twice_the_p99_and_at_least_ten(p99, reserve):
    assert reserve_ms(p99) == reserve


@pytest.mark.parametrize(
    ("deadline", "p99", "budget"),
    [
        (200.0, 3.0, 190.0),
        (200.0, 30.0, 140.0),
        (20.0, 1.0, 10.0),
        (19.999, 1.0, None),
        (200.0, 50.0, 100.0),
        (200.0, 50.1, None),
        (0.0, 0.0, None),
    ],
)
def test_canary_gets_the_rest_or_is_skipped(deadline, p99, budget):
    assert canary_budget_ms(deadline, p99) == pytest.approx(budget)


@given(st.floats(0, 10_000), st.floats(0, 10_000))
def test_stable_always_keeps_its_reserve(deadline, p99):
    budget = canary_budget_ms(deadline, p99)
    assert budget is None or deadline - budget == pytest.approx(reserve_ms(p99))
    assert budget is None or budget >= reserve_ms(p99) * 0.999
