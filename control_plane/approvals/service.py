"""The four-eyes rule: persons, not keys; bound to the content that was read."""

from sqlmodel import col, select

from control_plane import clock
from control_plane.approvals.hands import check_independent, service_keys
from control_plane.approvals.models import ApprovalRow, ContributorRow
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ForbiddenError
from control_plane.identifier import new_id
from control_plane.people.service import people_who_may
from control_plane.principal import Permission, Principal
from control_plane.snapshot import once


def note_contributor(session: WriteSession, principal: Principal, release: str) -> None:
    """Remember a person who shaped the release; services are no persons."""
    person = principal.person
    if person is None or session.get(ContributorRow, (release, person)) is not None:
        return
    session.add(ContributorRow(release=release, person=person, at=clock.now()))
    session.flush()


def contributors(session: ReadSession, release: str) -> frozenset[str]:
    """Persons who wrote, edited or submitted the release."""

    def ask() -> frozenset[str]:
        query = select(ContributorRow).where(col(ContributorRow.release) == release)
        return frozenset(row.person for row in session.exec(query))

    return once(session, ("contributors", release), ask)


def check_second_person(session: ReadSession, principal: Principal, release: str) -> str:
    """Who judges: raises ForbiddenError for services and for those who shaped the release.

    Nor whoever depends on one of them (``independence``), or one of them on the judge, nor whoever
    lately made the key that a service wrote it with.
    """
    person = principal.person
    if person is None:
        raise ForbiddenError("only a person may judge a release")
    shaped_by = contributors(session, release)
    if person in shaped_by:
        raise ForbiddenError(f"{person} wrote, edited or submitted this release")
    check_independent(session, person, shaped_by | service_keys(session, release))
    return person


def approve(
    session: WriteSession, principal: Principal, release: str, content_digest: str, reason: str
) -> ApprovalRow:
    """Record an approval. Raises ForbiddenError for services and for contributors."""
    row = ApprovalRow(
        id=new_id(),
        release=release,
        content_digest=content_digest,
        person=check_second_person(session, principal, release),
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
    """Persons whose approval counts now: this very content, not withdrawn, still judges."""
    able = judges(session, release)
    return tuple(
        row.person
        for row in _standing(session, release)
        if row.content_digest == content_digest and row.person in able
    )


def judges(session: ReadSession, release: str) -> frozenset[str]:
    """Persons who may judge the release today.

    Not those who shaped it, nor who was disabled or lost the role since: that may have been
    for how they judged.
    """
    return people_who_may(session, Permission.RELEASES_APPROVE) - contributors(session, release)


def list_approvals(session: ReadSession, release: str) -> list[ApprovalRow]:
    """All approvals ever given, oldest first."""
    query = select(ApprovalRow).where(col(ApprovalRow.release) == release)
    oldest_first = query.order_by(col(ApprovalRow.at))
    return once(session, ("approvals", release), lambda: list(session.exec(oldest_first)))


def _standing(session: ReadSession, release: str) -> list[ApprovalRow]:
    return [row for row in list_approvals(session, release) if row.withdrawn_at is None]
