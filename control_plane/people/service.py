"""Persons: who exists, and which roles they have."""

import re
from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, NotFoundError, PolicyError
from control_plane.paging import EVERYTHING, Listing
from control_plane.people import sessions
from control_plane.people.models import PersonRow
from control_plane.principal import Permission, Principal, Role, permissions_of
from control_plane.snapshot import once

_PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")


def create_person(
    session: WriteSession, principal: Principal, person_id: str, name: str, roles: list[str]
) -> PersonRow:
    """Add a person with at least one role."""
    if not is_person_id(person_id):
        raise ContractError("id", "lower-case letters, digits and ._@+- (at most 80)", person_id)
    check_roles(roles)
    if session.get(PersonRow, person_id) is not None:
        raise ConflictError(f"person {person_id} exists already")
    row = PersonRow(id=person_id, name=name, roles=sorted(set(roles)), created_at=clock.now())
    session.add(row)
    session.flush()
    change = Change(
        action=Action.PERSON_CREATE, entity=f"person:{person_id}", after=person_view(row)
    )
    record(session, principal, change)
    return row


def change_roles(
    session: WriteSession, principal: Principal, person_id: str, roles: list[str]
) -> PersonRow:
    """Replace a person's roles. Nobody changes their own."""
    row = get_person(session, person_id)
    if principal.person == person_id:
        raise PolicyError("nobody may change their own roles")
    return set_roles(session, principal, row, roles)


def set_roles(
    session: WriteSession, principal: Principal, row: PersonRow, roles: list[str]
) -> PersonRow:
    """Give a person just these roles; their sessions end. The last admin stays one."""
    check_roles(roles)
    if Role.ADMIN.value not in roles:
        check_another_admin(session, row)
    before = person_view(row)
    row.roles = sorted(set(roles))
    session.add(row)
    change = Change(
        action=Action.PERSON_EDIT,
        entity=f"person:{row.id}",
        before=before,
        after=person_view(row),
    )
    record(session, principal, change)
    sessions.sign_out_everywhere(session, principal, row.id, "the person's roles changed")
    return row


def is_person_id(text: str) -> bool:
    """Whether a person may be called so."""
    return _PERSON_ID.fullmatch(text) is not None


def check_another_admin(session: WriteSession, row: PersonRow) -> None:
    """Raise PolicyError if this is the only admin who is left."""
    if Role.ADMIN.value not in row.roles or row.disabled_at is not None:
        return
    others = (each for each in list_people(session) if each.id != row.id)
    if not any(Role.ADMIN.value in each.roles and not each.disabled_at for each in others):
        raise PolicyError(f"{row.id} is the last admin: make another person one first")


def check_roles(roles: list[str]) -> None:
    """Raise ContractError unless these are roles a person may have."""
    allowed = sorted(role.value for role in Role if role is not Role.SERVICE)
    if not roles:
        raise ContractError("roles", f"at least one of {allowed}", roles)
    for index, role in enumerate(roles):
        if role not in allowed:
            raise ContractError(f"roles[{index}]", f"one of {allowed}", role)


def get_person(session: ReadSession, person_id: str) -> PersonRow:
    """The person, or NotFoundError."""
    row = session.get(PersonRow, person_id)
    if row is None:
        raise NotFoundError(f"no person {person_id}")
    return row


def list_people(session: ReadSession, page: Listing = EVERYTHING) -> list[PersonRow]:
    """Everyone, by id."""
    return page.rows(session, select(PersonRow), col(PersonRow.id))


def people_who_may(session: ReadSession, permission: Permission) -> frozenset[str]:
    """Ids of those who have the permission today: not shut out, and by a role they still have."""

    def ask() -> frozenset[str]:
        return frozenset(
            row.id
            for row in list_people(session)
            if row.disabled_at is None and permission in permissions_of(row.roles)
        )

    return once(session, ("people who may", permission), ask)


def person_view(row: PersonRow) -> dict[str, Any]:
    """A person as the API and the register show them."""
    return row.model_dump()
