"""The four-eyes rule: persons, not keys; bound to the content that was read."""

from sqlmodel import col, select

from control_plane import clock
from control_plane.approvals.models import ApprovalRow, ContributorRow
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ForbiddenError
from control_plane.identifier import new_id
from control_plane.people.service import disabled_people
from control_plane.principal import Principal


def note_contributor(session: WriteSession, principal: Principal, release: str) -> None:
    """Remember a person who shaped the release; services are no persons."""
    person = principal.person
    if person is None or session.get(ContributorRow, (release, person)) is not None:
        return
    session.add(ContributorRow(release=release, person=person, at=clock.now()))
    session.flush()


def contributors(session: ReadSession, release: str) -> frozenset[str]:
    """Persons who wrote, edited or submitted the release."""
    query = select(ContributorRow).where(col(ContributorRow.release) == release)
    return frozenset(row.person for row in session.exec(query))


def approve(
    session: WriteSession, principal: Principal, release: str, content_digest: str, reason: str
) -> ApprovalRow:
    """Record an approval. Raises ForbiddenError for services and for contributors."""
    person = principal.person
    if person is None:
        raise ForbiddenError("only a person may approve")
    if person in contributors(session, release):
        raise ForbiddenError(f"{person} wrote, edited or submitted this release")
    row = ApprovalRow(
        id=new_id(),
        release=release,
        content_digest=content_digest,
        person=person,
        key_id=principal.actor.key_id,
        at=clock.now(),
        reason=reason,
    )
    session.add(row)
    session.flush()
    return row


def withdraw_all(session: WriteSession, release: str) -> None:
    """End every approval: the content changed, or somebody refused it."""
    for row in _standing(session, release):
        row.withdrawn_at = clock.now()
        session.add(row)
    session.flush()


def live_approvers(session: ReadSession, release: str, content_digest: str) -> tuple[str, ...]:
    """Persons whose approval counts now: this very content, not theirs, not withdrawn.

    Nor one of a person who was disabled since: they may have been disabled for it.
    """
    barred = contributors(session, release) | disabled_people(session)
    return tuple(
        row.person
        for row in _standing(session, release)
        if row.content_digest == content_digest and row.person not in barred
    )


def list_approvals(session: ReadSession, release: str) -> list[ApprovalRow]:
    """All approvals ever given, oldest first."""
    query = select(ApprovalRow).where(col(ApprovalRow.release) == release)
    return list(session.exec(query.order_by(col(ApprovalRow.at))))


def _standing(session: ReadSession, release: str) -> list[ApprovalRow]:
    return [row for row in list_approvals(session, release) if row.withdrawn_at is None]
