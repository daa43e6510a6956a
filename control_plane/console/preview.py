"""Who would move, were an order given: the API's dry run, in words and as a bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import html

from bentos.contract.route import BUCKETS
from control_plane.console.desk import Desk
from control_plane.console.elements.notice import notice
from control_plane.console.elements.share import percent
from control_plane.console.seat import Attempt
from control_plane.lint.finding import Severity
from control_plane.principal import Permission, Principal
from control_plane.releases import preview as dry_run
from control_plane.releases.lifecycle import Verb
from control_plane.releases.order import Order

READ = Attempt(action=None, entity="releases", permission=Permission.READ)


@dataclass(frozen=True)
class Preview:
    """What the API's preview answered, of one of the models it was asked about."""

    model: str
    found: dict[str, Any]

    def lines(self) -> list[str]:
        """In words; nothing where nothing could be carried out."""
        moves = self.found["who_moves"].get(self.model)
        if moves is None:
            return []
        if not moves["moves"]:
            return ["Nobody moves from one version to another."]
        lines = [_moving(each) for each in moves["moves"]]
        if moves["basis"] == "decisions":
            lines.append(
                f"Counted over the {moves['subjects']:,} visitors of the last 24 hours, by the "
                "bucket their decisions recorded."
            )
        else:
            lines.append("Expected of the hash: no decisions of the last 24 hours to count yet.")
        return lines + [f"{note[0].upper()}{note[1:]}." for note in moves["notes"]]

    def weights(self) -> tuple[int, int] | None:
        """The candidate's buckets now and then."""
        shown = [each for each in self.found["releases"] if each["model"] == self.model]
        if not shown:
            return None
        now, then = shown[0]["weight"]
        return round(now * BUCKETS), round(then * BUCKETS)

    def draw(self) -> None:
        """As a bar and words, and what stands against it."""
        self.draw_moves()
        self.draw_against()

    def draw_moves(self, named: str = "") -> None:
        """Who would move; ``named``: of which model, where there are several."""
        weights, lines = self.weights(), self.lines()
        if lines:
            with html.div().classes("consequence who-moves"):
                if named:
                    html.h3(named)
                if weights is not None and weights[0] != weights[1]:
                    _bar(*weights)
                for line in lines:
                    html.p(line)

    def draw_against(self) -> None:
        """What stands in the way."""
        for reason in self.found["against"]:
            notice(f"{reason[0].upper()}{reason[1:]}.", "tone-orange", "warning")
        for finding in self.found["lint"]:
            if finding["severity"] == Severity.WARNING.value:
                said = f"{finding['feature'] or 'The routes'}: {finding['found']}; {finding['do']}."
                notice(said, "tone-orange", "warning")


async def preview_of(
    desk: Desk, release: dict[str, Any], verb: Verb, weight: float | None = None
) -> Preview:
    """Try the order out; nothing is written."""
    found = await previews_of(desk, [release], verb, weight)
    return found[0]


async def previews_of(
    desk: Desk, members: Sequence[dict[str, Any]], verb: Verb, weight: float | None = None
) -> list[Preview]:
    """The same for several releases at once, one preview a model."""
    parts, order = desk.parts, Order(reason="a preview", weight=weight)

    def attempt(principal: Principal) -> dict[str, Any]:
        releases = [each["id"] for each in members]
        evidence = dry_run.gather(parts.database, parts.exposures, releases, verb)
        return dry_run.preview(parts.database, principal, releases, verb, order, evidence)

    found = await desk.seat.call(READ, attempt)
    return [Preview(each["model"], found) for each in members]


def _moving(move: dict[str, Any]) -> str:
    share = percent(round(move["share"] * BUCKETS))
    if move["subjects"] is None:
        return f"{share} of visitors move from {move['from']} to {move['to']}."
    who = f"{move['subjects']:,} visitors ({share})"
    return f"{who} move from {move['from']} to {move['to']}."


def _bar(now: int, then: int) -> None:
    low, high = sorted((now, then))
    html.p(f"{percent(now)} → {percent(then)} of visitors get the candidate.").classes("strong")
    with html.div(**{"aria-hidden": "true"}).classes("moves"):
        for buckets, name in ((low, "stays"), (high - low, "moves-part")):
            html.span().classes(name).style(f"width: {buckets * 100 / BUCKETS}%")
