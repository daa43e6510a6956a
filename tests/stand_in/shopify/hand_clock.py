"""A clock that a test moves by hand."""

from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands still until moved; a sleep moves it."""

    def __init__(self, at: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)) -> None:
        self._at = at
        self._passed = 0.0

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._at + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds moved so far."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._passed += seconds
