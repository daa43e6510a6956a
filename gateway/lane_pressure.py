"""How much may wait over all lanes of a gateway process, and who yields: live before canary.

Rows are counted, since rows are what inference costs. Canaries are refused first (their callers
get stable's answer), live calls last. Shadows wait elsewhere (``shadow_feed.py``).
"""

from collections.abc import Iterable
from enum import IntEnum

from gateway.sample import Over, Sample


class Priority(IntEnum):
    """Why a version is asked."""

    LIVE = 0
    CANARY = 1


# Looking a member up in its class costs as much as a call.
LIVE, CANARY = Priority

# Share of the bound each priority may fill.
SHARES = (1.0, 0.75)


class Pressure:
    """One per process. ``rows`` wait in all lanes together; lanes change it as they go."""

    __slots__ = ("limits", "refused", "rows")

    def __init__(self, max_rows: int) -> None:
        self.rows = 0
        self.limits = tuple(int(max_rows * share) for share in SHARES)
        self.refused = [0] * len(SHARES)

    def admits(self, rows: int, priority: Priority) -> bool:
        """Whether ``rows`` more may wait."""
        if self.rows + rows <= self.limits[priority]:
            return True
        self.refused[priority] += 1
        return False

    def metrics(self) -> Iterable[tuple[str, str, dict[str, str], float] | Sample]:
        """Rows that wait now, and calls that were refused because too many did."""
        text = "Rows that wait in all lanes."
        yield Sample("signalbox_gateway_waiting_rows", text, {}, self.rows, Over.SUM)
        text = "Calls refused because too many rows waited in all lanes."
        for priority in Priority:
            labels = {"priority": priority.name.lower()}
            yield "signalbox_gateway_pressure_total", text, labels, self.refused[priority]
