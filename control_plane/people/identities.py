"""Who a person is to the OpenID provider: issuer and subject, never an e-mail address, which
may be given to somebody else tomorrow."""

from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, NotFoundError
from control_plane.paging import EVERYTHING, Listing
from control_plane.people import sessions
from control_plane.people.models import IdentityRow, PersonRow
from control_plane.people.service import get_person
from control_plane.principal import Principal

MAX_TEXT = 200


def person_of(session: ReadSession, issuer: str, subject: str) -> PersonRow | None:
    """The person this identity is linked to."""
    row = session.get(IdentityRow, (issuer, subject))
    return session.get(PersonRow, row.person) if row else None


def link(
    session: WriteSession, principal: Principal, person_id: str, issuer: str, subject: str
) -> IdentityRow:
    """Let whoever has this identity sign in as the person."""
    get_person(session, person_id)
    for field, value in (("issuer", issuer), ("subject", subject)):
        if not 0 < len(value) <= MAX_TEXT:
            raise ContractError(field, f"1 to {MAX_TEXT} characters", value)
    known = session.get(IdentityRow, (issuer, subject))
    if known is not None:
        raise ConflictError(f"this identity is linked to {known.person} already")
    row = IdentityRow(
        issuer=issuer,
        subject=subject,
        person=person_id,
        linked_at=clock.now(),
        linked_by=principal.actor.id,
    )
    session.add(row)
    session.flush()
    change = Change(
        action=Action.IDENTITY_LINK, entity=f"person:{person_id}", after=identity_view(row)
    )
    record(session, principal, change)
    return row


def unlink(
    session: WriteSession, principal: Principal, person_id: str, issuer: str, subject: str
) -> None:
    """End it; the person's sessions end too, since any may have come by it."""
    row = session.get(IdentityRow, (issuer, subject))
    if row is None or row.person != person_id:
        raise NotFoundError(f"{person_id} has no such identity")
    change = Change(
        action=Action.IDENTITY_UNLINK, entity=f"person:{person_id}", before=identity_view(row)
    )
    session.delete(row)
    session.flush()
    record(session, principal, change)
    sessions.sign_out_everywhere(session, principal, person_id, "an identity was unlinked")


def list_identities(
    session: ReadSession, person_id: str, page: Listing = EVERYTHING
) -> list[IdentityRow]:
    """A person's identities, oldest first."""
    query = select(IdentityRow).where(col(IdentityRow.person) == person_id)
    order = col(IdentityRow.linked_at), col(IdentityRow.issuer), col(IdentityRow.subject)
    return page.rows(session, query, *order)


def identity_view(row: IdentityRow) -> dict[str, Any]:
    """An identity as the API and the register show it."""
    return row.model_dump()
