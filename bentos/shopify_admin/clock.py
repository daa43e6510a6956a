"""Time as the client, the sync and the stand-in see it: the machine's, or faster."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Self

from bentos.contract.errors import ContractError

MAX_RATE = 1_000_000.0
"At this rate a day passes in a tenth of a second; a sleep is then shorter than a system call."
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")


class Clock(Protocol):
    """What of time the client needs."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, equal in all processes of a machine until it reboots."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait, by this clock; none or fewer seconds are no wait."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The system's monotonic clock, in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds)


class AcceleratedClock:
    """A clock that runs ``rate`` times as fast and stood at ``virtual_origin`` at ``wall_origin``.

    Two of them with equal arguments show the same time, in whichever process they run.
    """

    def __init__(self, rate: float, wall_origin: float, virtual_origin: datetime) -> None:
        """``wall_origin`` is in Unix seconds, ``virtual_origin`` is aware; raises ContractError."""
        if not 0 < rate <= MAX_RATE:
            raise ContractError("clock.rate", f"more than 0, at most {MAX_RATE:.0f}", rate)
        if virtual_origin.tzinfo is None:
            raise ContractError("clock.virtual_origin", "a time with its zone", virtual_origin)
        self.rate = rate
        self.wall_origin = wall_origin
        self.virtual_origin = virtual_origin.astimezone(UTC)

    @classmethod
    def starting(cls, rate: float, at: datetime | None = None) -> Self:
        """A clock that shows ``at`` (default: the machine's time) now."""
        wall = time.time()
        return cls(rate, wall, at or datetime.fromtimestamp(wall, UTC))

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """An equal clock of what :meth:`to_json` said; raises ContractError."""
        rate, wall, virtual = (said.get(name) for name in ("rate", "wall_origin", "virtual_origin"))
        for name, value in (("rate", rate), ("wall_origin", wall)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ContractError(f"clock.{name}", "a number", value)
        if not isinstance(virtual, str) or not _RFC3339.fullmatch(virtual):
            raise ContractError("clock.virtual_origin", "an RFC 3339 time", virtual)
        try:
            moment = datetime.fromisoformat(virtual)
        except ValueError as error:
            raise ContractError("clock.virtual_origin", "an RFC 3339 time", virtual) from error
        return cls(float(rate or 0), float(wall or 0), moment)

    def to_json(self) -> dict[str, Any]:
        """What another process needs to make an equal clock."""
        virtual = self.virtual_origin.isoformat().replace("+00:00", "Z")
        return {"rate": self.rate, "wall_origin": self.wall_origin, "virtual_origin": virtual}

    def now(self) -> datetime:
        """The moment by this clock, aware, in UTC."""
        passed = (time.time() - self.wall_origin) * self.rate
        return self.virtual_origin + timedelta(seconds=passed)

    def monotonic(self) -> float:
        """Seconds by this clock that never go back."""
        return time.monotonic() * self.rate

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock."""
        if seconds > 0:
            time.sleep(seconds / self.rate)
