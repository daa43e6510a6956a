from datetime import UTC, datetime, timedelta

import pytest

from bentos.shopify_admin.clock import AcceleratedClock

NIGHT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.fixture
def clock():
    # A minute of waiting is six hundredths of a second.
    return AcceleratedClock.starting(1000.0, NIGHT)


class StepClock:
    """Moves by what is slept alone: waits are exact."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NIGHT + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 5000.0 + self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += max(0.0, seconds)


@pytest.fixture
def steps():
    return StepClock()
