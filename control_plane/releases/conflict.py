"""Optimistic concurrency: who writes to a release says which revision they read.

A stale one is refused and told what happened since, so that nobody has to guess whose change
they were about to undo.
"""

from typing import Any

from sqlmodel import col, select

from bentos.contract.register import Outcome
from control_plane.audit.models import EventRow
from control_plane.db import ReadSession
from control_plane.errors import PreconditionRequiredError, StaleError
from control_plane.releases.models import ReleaseRow

_BOOKKEEPING = frozenset({"revision", "updated_at"})


def check_revision(session: ReadSession, row: ReleaseRow, expected: int | None) -> None:
    """Raise StaleError, with what changed since, unless ``expected`` is the present revision."""
    if expected is None or expected == row.revision:
        return
    since = _changes_since(session, row, expected)
    by = "".join(f"; revision {e.entity_revision} by {e.actor_id} at {e.at}" for e in since[-1:])
    differ = _differences(since)
    fields = f"; changed: {', '.join(differ)}" if differ else ""
    raise StaleError(
        f"revision {expected} is stale: release {row.id} is at {row.revision}{by}{fields}. "
        "Read it again and decide anew.",
        current_revision=row.revision,
        conflict={
            "expected_revision": expected,
            "changes": [
                {
                    "revision": each.entity_revision,
                    "by": each.actor_id,
                    "at": each.at,
                    "action": each.action,
                    "fields": sorted(each.diff.keys() - _BOOKKEEPING),
                }
                for each in since
            ],
            "differences": differ,
        },
    )


def check_named_revision(
    session: ReadSession, row: ReleaseRow, expected: int | None, what: str
) -> None:
    """Like ``check_revision``; raises PreconditionRequiredError where no revision was named."""
    if expected is None:
        raise PreconditionRequiredError(
            f"to {what} a release takes the revision that was read: "
            f"send If-Match or expected_revision (now {row.revision})"
        )
    check_revision(session, row, expected)


def _changes_since(session: ReadSession, row: ReleaseRow, revision: int) -> list[EventRow]:
    query = select(EventRow).where(
        col(EventRow.entity) == f"release:{row.id}",
        col(EventRow.outcome) == Outcome.ALLOWED.value,
        col(EventRow.entity_revision) > revision,
    )
    return list(session.exec(query.order_by(col(EventRow.seq))))


def _differences(changes: list[EventRow]) -> dict[str, list[Any]]:
    """``{field: [as it was read, as it is]}``; what was changed and changed back is left out."""
    found: dict[str, list[Any]] = {}
    for change in changes:
        for name in sorted(change.diff.keys() - _BOOKKEEPING):
            before, after = change.diff[name]
            found[name] = [found.get(name, [before])[0], after]
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
