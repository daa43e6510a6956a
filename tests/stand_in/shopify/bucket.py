"""Shopify's leaky bucket of query points: pure, told the time by whoever asks."""

from dataclasses import dataclass, field
from enum import StrEnum


class Plan(StrEnum):
    """A shop's plan."""

    STANDARD = "standard"
    ADVANCED = "advanced"
    PLUS = "plus"


# Points held at most, points that come back each second (facts: observed in captures; advanced's
# size by ratio).
SIZES = {Plan.STANDARD: (2000, 100), Plan.ADVANCED: (4000, 200), Plan.PLUS: (20000, 1000)}
MAX_QUERY_COST = 1000
ROUNDING = 1e-6


@dataclass(slots=True)
class Bucket:
    """Points of one app on one shop. Times are in seconds of one clock that never goes back."""

    maximum: int
    restore_rate: int
    now: float
    level: float = field(init=False)
    lowest: float = field(init=False)
    spent: float = 0
    overflowed: float = 0
    throttled: int = 0
    asked: int = 0
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.lowest = self.maximum
        self._since = self.now

    @classmethod
    def of(cls, plan: Plan, now: float) -> "Bucket":
        """A full bucket."""
        maximum, rate = SIZES[plan]
        return cls(maximum, rate, now)

    def take(self, points: float, now: float) -> bool:
        """Take points if so many are there."""
        self._restore(now)
        self.asked += 1
        # Who waited just long enough is not to fail by a rounding.
        if points > self.level + ROUNDING:
            self.throttled += 1
            return False
        self.level = max(0.0, self.level - points)
        self.spent += points
        self.lowest = min(self.lowest, self.level)
        return True

    def give_back(self, points: float, now: float) -> None:
        """Return what was requested and not used."""
        self._restore(now)
        self.level = min(self.maximum, self.level + points)
        self.spent -= points

    def available(self, now: float) -> int:
        """Whole points there are."""
        self._restore(now)
        return int(self.level + ROUNDING)

    def forget(self, now: float) -> None:
        """Begin the history anew; the level stays."""
        self._restore(now)
        self.lowest, self._since = self.level, now
        self.spent = self.overflowed = 0
        self.throttled = self.asked = 0

    def history(self, now: float) -> dict[str, float]:
        """What happened since the last ``forget``.

        ``share_used`` is points spent of those that came back meanwhile; the full bucket one
        starts with lets it be more than 1 for a while. ``share_kept`` is the share of the points
        that came back that found room: 1 if the bucket was never full.
        """
        self._restore(now)
        restored = max(1e-9, (now - self._since) * self.restore_rate)
        return {
            "maximum": self.maximum,
            "restore_rate": self.restore_rate,
            "level": self.level,
            "lowest": self.lowest,
            "seconds": now - self._since,
            "spent": self.spent,
            "share_used": self.spent / restored,
            "share_kept": 1 - self.overflowed / restored,
            "asked": self.asked,
            "throttled": self.throttled,
        }

    def _restore(self, now: float) -> None:
        if now <= self.now:
            return
        raised = self.level + (now - self.now) * self.restore_rate
        self.overflowed += max(0.0, raised - self.maximum)
        self.level, self.now = min(self.maximum, raised), now
