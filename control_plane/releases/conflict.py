"""Optimistic concurrency: who writes to a release says which revision they read.

A stale one is refused and told what happened since, so that nobody has to guess whose change
they were about to undo.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from bentos.contract.register import Outcome
from control_plane.audit.models import EventRow
from control_plane.db import ReadSession
from control_plane.errors import PreconditionRequiredError, StaleError
from control_plane.releases.binding import members_of
from control_plane.releases.models import ReleaseGroupRow, ReleaseRow

_BOOKKEEPING = frozenset({"revision", "updated_at", "group_revision"})


def check_revision(session: ReadSession, row: ReleaseRow, expected: int | None) -> None:
    """Raise StaleError, with what changed since, unless ``expected`` is the present revision."""
    if expected is not None and expected != row.revision:
        since = _changes_since(session, row, expected)
        told = [_Told(change, change.entity_revision or 0) for change in since]
        raise _stale(f"release {row.id}", expected, row.revision, told)


def check_group_revision(
    session: ReadSession, group: ReleaseGroupRow, expected: int | None, *, required: bool
) -> None:
    """The same of a group: any move of any member changes its revision."""
    if expected is None and required:
        raise _unnamed("a group", group.revision)
    if expected is not None and expected != group.revision:
        since = _group_changes_since(session, group, expected)
        raise _stale(f"group {group.id}", expected, group.revision, since)


def check_named_revision(
    session: ReadSession, row: ReleaseRow, expected: int | None, what: str
) -> None:
    """Like ``check_revision``; raises PreconditionRequiredError where no revision was named."""
    if expected is None:
        raise _unnamed(f"to {what} a release", row.revision)
    check_revision(session, row, expected)


def _unnamed(what: str, revision: int) -> PreconditionRequiredError:
    return PreconditionRequiredError(
        f"{what} takes the revision that was read: "
        f"send If-Match or expected_revision (now {revision})"
    )


@dataclass(frozen=True)
class _Told:
    """A change, and the revision it led to of whatever the caller read."""

    event: EventRow
    revision: int


def _stale(what: str, expected: int, present: int, since: list[_Told]) -> StaleError:
    by = "".join(f" by {each.event.actor_id} at {each.event.at}" for each in since[-1:])
    differ = _differences(since)
    fields = f"; changed: {', '.join(differ)}" if differ else ""
    return StaleError(
        f"revision {expected} is stale: {what} is at {present}{by}{fields}. "
        "Read it again and decide anew.",
        current_revision=present,
        conflict={
            "expected_revision": expected,
            "changes": [_show(each) for each in since],
            "differences": differ,
        },
    )


def _show(told: _Told) -> dict[str, Any]:
    return {
        "revision": told.revision,
        "by": told.event.actor_id,
        "at": told.event.at,
        "action": told.event.action,
        "entity": told.event.entity,
        "fields": sorted(told.event.diff.keys() - _BOOKKEEPING),
    }


def _changes_since(session: ReadSession, row: ReleaseRow, revision: int) -> list[EventRow]:
    query = select(EventRow).where(
        col(EventRow.entity) == f"release:{row.id}",
        col(EventRow.outcome) == Outcome.ALLOWED.value,
        col(EventRow.entity_revision) > revision,
    )
    return list(session.exec(query.order_by(col(EventRow.seq))))


def _group_changes_since(
    session: ReadSession, group: ReleaseGroupRow, revision: int
) -> list[_Told]:
    """Members' moves carry the group's revision in their difference."""
    entities = [f"release:{member.id}" for member in members_of(session, group.id)]
    query = select(EventRow).where(
        col(EventRow.entity).in_(entities), col(EventRow.outcome) == Outcome.ALLOWED.value
    )
    found = [
        _Told(event, event.diff["group_revision"][1])
        for event in session.exec(query.order_by(col(EventRow.seq)))
        if "group_revision" in event.diff
    ]
    return [each for each in found if each.revision > revision]


def _differences(changes: list[_Told]) -> dict[str, list[Any]]:
    """``{field: [as it was read, as it is]}``; what was changed and changed back is left out.

    Where several releases changed, a field is named after its release.
    """
    entities = {change.event.entity for change in changes}
    found: dict[str, list[Any]] = {}
    for change in changes:
        for field in sorted(change.event.diff.keys() - _BOOKKEEPING):
            name = field if len(entities) == 1 else f"{change.event.entity}.{field}"
            before, after = change.event.diff[field]
            found[name] = [found.get(name, [before])[0], after]
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
