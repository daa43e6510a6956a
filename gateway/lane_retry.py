"""How many calls of one lane may be second tries at the same time.

A retry that is free turns a slow version into an overloaded one. Envoy's rule: a fifth of what is
in flight, and never fewer than three; a version with one to four workers, each taking one batch
at a time, can so lose all workers but the last at once without a caller noticing.
"""

SHARE_OF_ACTIVE = 0.2
MIN_CONCURRENT = 3
# One first try and two more: with more workers than that broken at once there is no help.
MAX_TRIES = 3


class RetryBudget:
    """Counts batches, not requests: a batch is what a worker is asked once more."""

    __slots__ = ("refused", "running", "taken")

    def __init__(self) -> None:
        self.running = 0
        self.taken = 0
        self.refused = 0

    def take(self, active: int) -> bool:
        """Whether one more batch may be tried again, with ``active`` batches in flight."""
        if self.running >= max(MIN_CONCURRENT, SHARE_OF_ACTIVE * active):
            self.refused += 1
            return False
        self.running += 1
        self.taken += 1
        return True

    def give_back(self) -> None:
        """A second try ended, however it ended."""
        self.running -= 1
