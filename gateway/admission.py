"""When no more calls of a model are taken: a queue that stands, told from a burst.

The calls in a process over the answers per second are the time a call waits (Little's law). A burst
comes, is answered and is gone; a queue that stands makes every call wait behind it and is never
shorter for that. CoDel (RFC 8289) tells the two apart by the least there was over an interval, and
so does this, counting calls, which are known before anything of them was read. Who was refused
comes back: until those told last have had the time to, another queue is no burst and is not waited
for (CoDel too drops sooner when it has dropped lately; so does Facebook's adaptive timeout).

No clock, no I/O: times are given, in seconds of one monotonic clock.
"""

NEVER = float("-inf")
# CoDel's own.
INTERVAL_S = 0.1
# The refused are told to come back after one of these, so that not all do at once.
RETRY_AFTER_S = (1, 2)
MEMORY_S = float(max(RETRY_AFTER_S))
# Calls that wait for a canary hold nobody up, as stable answers in the end: a queue is one only if
# this share of the room is taken by others.
OTHERS_SHARE = 0.5
# Fewer calls than this share of the room for so long: the queue is gone, and its memory with it.
LOW_SHARE = 0.5
LOW_S = MEMORY_S / 2


class Admission:
    """One model's calls in one process. Every call that ``enters`` also ``leaves``.

    ``room`` is how many may stay; ``away`` how many of those here wait for a canary.
    """

    __slots__ = ("_busy_at", "_calm_at", "_refused_at", "away", "calls", "refused", "room")

    def __init__(self, room: int) -> None:
        self.room = room
        self.calls = 0
        self.away = 0
        self.refused = 0
        self._busy_at = NEVER
        self._calm_at = NEVER
        self._refused_at = NEVER

    def enters(self, now: float) -> bool:
        """Whether one more call is taken."""
        low = self.room * LOW_SHARE
        if self.calls >= low:
            self._busy_at = now
        elif self.calls + 1 >= low and now - self._busy_at >= LOW_S:
            # The queue was gone for long: what comes together now is a burst again.
            self._refused_at = NEVER
        if self._is_calm():
            self._calm_at = now
        elif self._stands(now):
            self.refused += 1
            self._refused_at = now
            return False
        self.calls += 1
        return True

    def leaves(self, now: float) -> None:
        """A call was answered, however."""
        if self.calls >= self.room * LOW_SHARE:
            self._busy_at = now
        self.calls -= 1
        if self._is_calm():
            self._calm_at = now

    def goes_away(self, now: float) -> None:
        """A call here begins to wait for a version that is not stable."""
        self.away += 1
        if self._is_calm():
            self._calm_at = now

    def comes_back(self, now: float) -> None:
        """It waits for that no more; stable has it from here on, and had not until now."""
        if self._is_calm():
            self._calm_at = now
        self.away -= 1

    def refused_lately(self, now: float) -> bool:
        """Whether some who were refused may still come back."""
        return now - self._refused_at < MEMORY_S

    def _is_calm(self) -> bool:
        return self.calls < self.room or self.calls - self.away < self.room * OTHERS_SHARE

    def _stands(self, now: float) -> bool:
        return self.refused_lately(now) or now - self._calm_at >= INTERVAL_S
