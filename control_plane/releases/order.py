"""What comes with a verb."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Order:
    """What comes with a verb. ``weight`` for ramp, lower, resume; ``starts_at`` for schedule."""

    reason: str
    ticket: str | None = None
    weight: float | None = None
    starts_at: str | None = None
    expected_revision: int | None = None
