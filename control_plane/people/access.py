"""Shuts a person out, and lets one in again."""

from sqlmodel import col, select

from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import WriteSession
from control_plane.errors import PolicyError
from control_plane.people import keys, sessions
from control_plane.people.models import KeyRow, PasswordRow, PersonRow
from control_plane.people.service import check_another_admin, get_person, person_view
from control_plane.principal import Principal


def disable_person(session: WriteSession, principal: Principal, person_id: str) -> PersonRow:
    """End all of a person's keys, sessions and their password; none of their approvals counts.

    Nobody disables themselves, nor the last admin.
    """
    row = get_person(session, person_id)
    if principal.person == person_id:
        raise PolicyError("nobody may disable themselves")
    if row.disabled_at is not None:
        return row
    check_another_admin(session, row)
    before = person_view(row)
    row.disabled_at = clock.now()
    session.add(row)
    _record(session, principal, Action.PERSON_DISABLE, row, before)
    sessions.sign_out_everywhere(session, principal, person_id, "the person was disabled")
    for key in session.exec(
        select(KeyRow).where(col(KeyRow.person) == person_id, col(KeyRow.revoked_at).is_(None))
    ).all():
        keys.revoke_key(session, principal, key.id)
    password = session.get(PasswordRow, person_id)
    if password is not None:
        session.delete(password)
        session.flush()
    return row


def enable_person(session: WriteSession, principal: Principal, person_id: str) -> PersonRow:
    """Let a person in again, with their roles; they get a new key or a one-time password."""
    row = get_person(session, person_id)
    if row.disabled_at is None:
        return row
    before = person_view(row)
    row.disabled_at = None
    session.add(row)
    _record(session, principal, Action.PERSON_ENABLE, row, before)
    return row


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    row: PersonRow,
    before: dict[str, object],
) -> None:
    entity = f"person:{row.id}"
    record(
        session,
        principal,
        Change(action=action, entity=entity, before=before, after=person_view(row)),
    )
