"""Faults on order: the next calls are answered as a bad day would answer them."""

from collections import deque
from dataclasses import dataclass, field

STATUSES = {402, 403, 404, 423, 429, 430, 500, 502, 503, 504}
NAMED = {"throttled", "slow", "reset", "half", "no_answer"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad answer: a status, or a name of ``NAMED``; ``seconds`` by the shop's clock.

    ``throttled`` is HTTP 200 with THROTTLED; ``slow`` sends the right body a piece each ``seconds``
    of it; ``half`` breaks the connection in the middle of the right body, ``reset`` before any of
    it; ``no_answer`` does the work, then breaks the connection.
    """

    kind: int | str
    seconds: float = 0

    def __post_init__(self) -> None:
        if self.kind not in STATUSES and self.kind not in NAMED:
            raise ValueError(f"fault must be of {sorted(STATUSES)} or {sorted(NAMED)}")


@dataclass(slots=True)
class Faults:
    """What is still to go wrong, in order, by path prefix."""

    _waiting: deque[tuple[str, Fault]] = field(default_factory=deque)

    def expect(self, fault: Fault, times: int = 1, path: str = "/admin/") -> None:
        """Let the next ``times`` calls below ``path`` meet ``fault``."""
        self._waiting.extend([(path, fault)] * times)

    def next(self, path: str) -> Fault | None:
        """What this call meets."""
        for place, (prefix, fault) in enumerate(self._waiting):
            if path.startswith(prefix):
                del self._waiting[place]
                return fault
        return None

    def clear(self) -> None:
        """Nothing more goes wrong."""
        self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)
