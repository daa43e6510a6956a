"""The gateway's wall clock jumps: nothing a caller sees may depend on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Seen
from load_tests.installation.clock import MovedClock
from load_tests.installation.site import Site, version_site

HOUR = 3600


@dataclass
class ClockSite(Site):
    """A gateway whose wall clock can be moved."""

    clock: MovedClock


@contextmanager
def clock_site(folder: Path) -> Iterator[ClockSite]:
    """The usual installation, with the shim preloaded into the gateway."""
    clock = MovedClock(folder)
    with version_site(folder, clock.environment) as site:
        yield ClockSite(site.gateway, site.api_key, site.offsets, site.history, clock)


class ClockJumps(Fault[ClockSite]):
    """Deadlines, rates and rotation go by the monotonic clock; records stay in order by seq."""

    looks_every_s = 0.5

    def __init__(self, name: str, what: str, hours: int) -> None:
        super().__init__(name, what)
        self._hours = hours

    def inject(self, site: ClockSite) -> None:
        """At once, as when somebody sets the clock."""
        site.clock.jump(self._hours * HOUR)

    def heal(self, site: ClockSite) -> None:
        """Back, at once."""
        site.clock.jump(0)

    def felt(self, site: ClockSite, seen: Seen) -> str:
        """Decisions were dated by the wrong clock."""
        jump = timedelta(hours=self._hours)
        dated = sum(
            abs(datetime.fromisoformat(decision.at) - datetime.now(UTC) - jump) < abs(jump) / 2
            for decision in site.records().decisions.values()
        )
        return f"{dated} decisions dated {self._hours:+d} h" if dated else ""

    def recovered(self, site: ClockSite, since: list[Answer]) -> bool:
        """Decisions are dated right again."""
        decisions = site.records().decisions
        known = [decisions.get(answer.decision_id or "") for answer in since]
        return any(
            abs(datetime.fromisoformat(one.at) - datetime.now(UTC)) < timedelta(minutes=10)
            for one in known
            if one is not None
        )


CLOCK_FAULTS: tuple[Fault[ClockSite], ...] = (
    ClockJumps("clock-forward", "gateway's clock jumps two hours ahead", 2),
    ClockJumps("clock-back", "gateway's clock jumps three hours back", -3),
)
