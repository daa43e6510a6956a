"""Who would move, were a share changed; pure but for drawing itself."""

from dataclasses import dataclass
from typing import Any

from nicegui import html

from bentos.contract.route import BUCKETS, weight_to_buckets
from control_plane.console.elements.share import percent


@dataclass(frozen=True)
class Preview:
    """Buckets of 10,000 on the candidate, now and then."""

    now: int
    then: int
    candidate: str
    stable: str | None

    @property
    def moving(self) -> int:
        """Buckets that would change sides: always in one direction (contract §4)."""
        return abs(self.then - self.now)

    def lines(self) -> list[str]:
        """In words."""
        if self.then == self.now:
            return ["Nobody moves: this is the present share."]
        forward = self.then > self.now
        target = self.candidate if forward else self.stable
        stay = "candidate" if forward else "stable version"
        return [
            f"{percent(self.now)} → {percent(self.then)} of visitors get the candidate.",
            f"{percent(self.moving)} of visitors move to {target}.",
            f"Nobody who has the {stay} leaves it.",
        ]

    def draw(self) -> None:
        """As a bar and words."""
        with html.div().classes("consequence"):
            with html.div(**{"aria-hidden": "true"}).classes("moves"):
                low, high = sorted((self.now, self.then))
                for buckets, name in ((low, "stays"), (high - low, "moves-part")):
                    html.span().classes(name).style(f"width: {buckets * 100 / BUCKETS}%")
            for line in self.lines():
                html.p(line)


def preview_of(release: dict[str, Any], weight: float) -> Preview:
    """From the present share to ``weight``; raises ContractError for what is no share."""
    return Preview(
        now=weight_to_buckets(release["weight"]),
        then=weight_to_buckets(weight),
        candidate=release["candidate"],
        stable=release["stable"],
    )
