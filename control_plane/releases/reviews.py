"""What a kill leaves behind: a question that somebody else must answer, until a time.

A kill takes one person and no approval, because it cannot wait. So it is looked at afterwards,
by a person who did not set it. The review never stands in the way of anything: it is answered,
or it is overdue and listed so.
"""

from enum import StrEnum
from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.approvals.hands import check_independent, is_independent
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.people.service import people_who_may
from control_plane.principal import Permission, Principal
from control_plane.releases.models import KillReviewRow, KillRow

ANSWER_WITHIN_S = 48 * 3600
"""Emergency changes are reviewed within 24 to 48 hours (SOC 2, CC8.1)."""


class Finding(StrEnum):
    """What the review found. ``follow_up``: justified, and something is to be changed."""

    JUSTIFIED = "justified"
    FOLLOW_UP = "follow_up"
    UNJUSTIFIED = "unjustified"


class Standing(StrEnum):
    """Where a review is. An overdue one is open as well."""

    OPEN = "open"
    OVERDUE = "overdue"
    CLOSED = "closed"


def open_review(
    session: WriteSession, principal: Principal, kill: KillRow, on_behalf_of: str | None = None
) -> KillReviewRow:
    """Ask for a review of a kill that was just set.

    ``on_behalf_of``: who set it on a gateway's machine, where ``principal`` only told of it.
    """
    row = KillReviewRow(
        id=new_id(),
        kill=kill.id,
        model=kill.model,
        killed_by=kill.set_by,
        on_behalf_of=on_behalf_of,
        opened_at=clock.now(),
        due_at=clock.later(ANSWER_WITHIN_S),
    )
    session.add(row)
    session.flush()
    change = Change(
        action=Action.REVIEW_OPEN,
        entity=f"review:{row.id}",
        after=row.model_dump(),
        reason=kill.reason,
        on_behalf_of=on_behalf_of,
    )
    record(session, principal, change)
    return row


def close_review(
    session: WriteSession, principal: Principal, review_id: str, outcome: str, notes: str
) -> KillReviewRow:
    """Answer a review; raises ForbiddenError for services and for who killed."""
    principal.require(Permission.KILLS_REVIEW)
    row = get_review(session, review_id)
    if outcome not in set(Finding):
        raise ContractError("outcome", f"one of {[each.value for each in Finding]}", outcome)
    if not notes.strip():
        raise ContractError("notes", "what was found", notes)
    if principal.person is None:
        raise ForbiddenError("only a person may answer a review")
    if principal.person in _killers(row):
        raise ForbiddenError(f"{principal.person} killed: somebody else answers the review")
    check_independent(session, principal.person, _killers(row))
    if row.closed_at is not None:
        raise PolicyError(f"{row.closed_by} answered this review at {row.closed_at}")
    before = row.model_dump()
    row.outcome, row.notes = outcome, notes
    row.closed_at, row.closed_by = clock.now(), principal.person
    session.add(row)
    session.flush()
    change = Change(
        action=Action.REVIEW_CLOSE,
        entity=f"review:{row.id}",
        before=before,
        after=row.model_dump(),
        reason=notes,
    )
    record(session, principal, change)
    return row


def list_reviews(
    session: ReadSession, standing: Standing | None = None, page: Listing = EVERYTHING
) -> list[KillReviewRow]:
    """Reviews by the time they are due."""
    query = select(KillReviewRow)
    if standing is Standing.CLOSED:
        query = query.where(col(KillReviewRow.closed_at).is_not(None))
    elif standing is not None:
        query = query.where(col(KillReviewRow.closed_at).is_(None))
        if standing is Standing.OVERDUE:
            query = query.where(col(KillReviewRow.due_at) <= clock.now())
    return page.rows(session, query, col(KillReviewRow.due_at), col(KillReviewRow.id))


def get_review(session: ReadSession, review_id: str) -> KillReviewRow:
    """The review, or NotFoundError."""
    row = session.get(KillReviewRow, review_id)
    if row is None:
        raise NotFoundError(f"no review {review_id}")
    return row


def review_view(session: ReadSession, row: KillReviewRow) -> dict[str, Any]:
    """A review with its kill, whether it is overdue, and who may answer it."""
    kill = session.get(KillRow, row.kill)
    assert kill is not None  # a foreign key
    answered = row.closed_at is not None
    killers = _killers(row)
    able = people_who_may(session, Permission.KILLS_REVIEW) - killers
    return row.model_dump() | {
        "version": kill.version,
        "reason": kill.reason,
        "overdue": not answered and row.due_at <= clock.now(),
        "answerable_by": []
        if answered
        else sorted(each for each in able if is_independent(session, each, killers)),
    }


def _killers(row: KillReviewRow) -> set[str]:
    """Who set the kill and who told of it; a local one names the account on the machine."""
    return {row.killed_by, (row.on_behalf_of or "").removeprefix("local:")}
