"""What a principal may ask of a whole group now, and what stands in the way, by member."""

from collections.abc import Callable, Sequence

from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.releases import lifecycle
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import OPEN, State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.options import Option, member_options

BY_ITSELF = frozenset({Verb.EDIT, Verb.OPEN_GATE})
"""A member is edited, and its gate opened, on its own page."""
NOT_STARTED = frozenset({State.DRAFT, State.IN_REVIEW, State.APPROVED, State.SCHEDULED})


def group_options(
    session: ReadSession,
    principal: Principal,
    rows: Sequence[ReleaseRow],
    seen: Callable[[ReleaseRow], Seen | None],
) -> tuple[Option, ...]:
    """Forward: what every member may be told. Back: what any of them may.

    ``buckets`` is None where members would go to different ones; obstacles name their model.
    """
    offered = {
        row.id: {each.verb: each for each in member_options(session, principal, row, seen(row))}
        for row in rows
    }
    found = []
    for verb in Verb:
        if verb in BY_ITSELF:
            continue
        theirs = [(row, offered[row.id][verb]) for row in rows if verb in offered[row.id]]
        enough = len(theirs) == len(rows) or lifecycle.goes_back(verb)
        if theirs and enough:
            found.append(_together(verb, theirs))
    return tuple(found)


def may_form(principal: Principal) -> bool:
    """Whether groups are this principal's to make, change and dissolve."""
    return Permission.RELEASES_WRITE in principal.permissions


def joinable(rows: Sequence[ReleaseRow], group_id: str | None = None) -> list[ReleaseRow]:
    """Releases that can be bound: not started, and in no other group."""
    return [
        row for row in rows if State(row.state) in NOT_STARTED and row.group_id in (None, group_id)
    ]


def is_open(rows: Sequence[ReleaseRow]) -> bool:
    """Whether any member is still on its way."""
    return any(State(row.state) in OPEN for row in rows)


def _together(verb: Verb, theirs: Sequence[tuple[ReleaseRow, Option]]) -> Option:
    buckets = {option.buckets for _, option in theirs}
    obstacles = [f"{row.model}: {why}" for row, option in theirs for why in option.obstacles]
    same = next(iter(buckets)) if len(buckets) == 1 else None
    return Option(verb, theirs[0][1].to, same, tuple(obstacles))
