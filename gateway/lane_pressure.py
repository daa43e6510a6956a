"""How much may wait over all lanes of a gateway process, and who yields: live > canary > shadow.

Rows are counted, since rows are what inference costs. Shadows are refused first, canaries next
(their callers get stable's answer), live calls last. No shadow is sent while a live call waits
for a slot anywhere.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum

from gateway.sample import Over, Sample


class Priority(IntEnum):
    """Why a version is asked."""

    LIVE = 0
    CANARY = 1
    SHADOW = 2


# Looking a member up in its class costs as much as a call.
LIVE, CANARY, SHADOW = Priority

# Share of the bound each priority may fill.
SHARES = (1.0, 0.75, 0.5)


class Pressure:
    """One per process. ``rows`` wait in all lanes together; lanes change it as they go."""

    __slots__ = ("_held", "_short_lanes", "limits", "refused", "rows")

    def __init__(self, max_rows: int) -> None:
        self.rows = 0
        self.limits = tuple(int(max_rows * share) for share in SHARES)
        self.refused = [0, 0, 0]
        self._short_lanes = 0
        self._held: list[Callable[[], None]] = []

    def admits(self, rows: int, priority: Priority) -> bool:
        """Whether ``rows`` more may wait."""
        if self.rows + rows <= self.limits[priority]:
            return True
        self.refused[priority] += 1
        return False

    @property
    def live_waits(self) -> bool:
        """Whether a live call waits for a slot in any lane."""
        return self._short_lanes > 0

    def lane_is_short(self) -> None:
        """A lane has live work and no slot for it."""
        self._short_lanes += 1

    def lane_has_room(self) -> None:
        """… and now it has; whoever held back shadows may look again."""
        self._short_lanes -= 1
        if self._short_lanes == 0:
            held, self._held = self._held, []
            for resume in held:
                resume()

    def hold(self, resume: Callable[[], None]) -> None:
        """Call ``resume`` once no live call waits any more."""
        if resume not in self._held:
            self._held.append(resume)

    def metrics(self) -> Iterable[tuple[str, str, dict[str, str], float] | Sample]:
        """Rows that wait now, and calls that were refused because too many did."""
        text = "Rows that wait in all lanes."
        yield Sample("signalbox_gateway_waiting_rows", text, {}, self.rows, Over.SUM)
        text = "Calls refused because too many rows waited in all lanes."
        for priority in Priority:
            labels = {"priority": priority.name.lower()}
            yield "signalbox_gateway_pressure_total", text, labels, self.refused[priority]
