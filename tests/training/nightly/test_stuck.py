"""What goes wrong with one thing is named and ends nothing else."""

import pytest

from training.nightly.stuck import MAX_SAID, Stuck


def test_an_error_is_named_under_its_place_and_goes_no_further():
    stuck = Stuck()
    with stuck.named("orders/0a"):
        raise KeyError("x" * 1000)
    with stuck.named("orders/0b"):
        pass
    assert list(stuck.why) == ["orders/0a"]
    assert stuck.why["orders/0a"].startswith("KeyError: 'xxx")
    assert len(stuck.why["orders/0a"]) == MAX_SAID


def test_a_night_that_is_killed_is_killed():
    with pytest.raises(KeyboardInterrupt), Stuck().named("orders/0a"):
        raise KeyboardInterrupt
