"""How long is waited for a process, in time in which it could run.

Whoever measures beside may hold all other processes still for minutes (SIGSTOP). A clock goes on
meanwhile, and neither the one that is waited for nor the one that waits does.
"""

import time
from collections.abc import Callable

GAP_S = 6.0
"""Longer than any one look takes: who was away for longer was held still."""


class Patience:
    """Over after so many seconds, of which none counts in which nobody looked."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._left = seconds
        self._clock = clock
        self._looked = clock()

    def is_over(self) -> bool:
        """To be asked again and again."""
        now = self._clock()
        self._left -= min(now - self._looked, GAP_S)
        self._looked = now
        return self._left < 0
