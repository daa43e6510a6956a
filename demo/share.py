"""Is the observed share what the plan says? An exact binomial acceptance region."""

import math

# A sound split leaves this region once in ten thousand steps.
ALPHA = 1e-4


def acceptance(trials: int, share: float, alpha: float = ALPHA) -> tuple[float, float]:
    """Lowest and highest plausible observed share of ``trials`` keys under a true ``share``.

    Each tail outside holds at most ``alpha / 2``. (0, 1) for no trials.
    """
    if trials == 0:
        return 0.0, 1.0
    if share in (0.0, 1.0):
        return share, share
    masses = [_mass(trials, count, share) for count in range(trials + 1)]
    low = _first_beyond(masses, alpha / 2)
    high = trials - _first_beyond(masses[::-1], alpha / 2)
    return low / trials, high / trials


def _mass(trials: int, count: int, share: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    odds = count * math.log(share) + (trials - count) * math.log1p(-share)
    return math.exp(ways + odds)


def _first_beyond(masses: list[float], tail: float) -> int:
    """The first count whose cumulated mass exceeds the tail."""
    cumulated = 0.0
    for count, mass in enumerate(masses):
        cumulated += mass
        if cumulated > tail:
            return count
    return len(masses) - 1
