"""Persons, services and their keys: who exists, what they may do, whether a key is good."""

import re
from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Actor, ActorType
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ConflictError, NotFoundError, PolicyError, UnauthorizedError
from control_plane.people import sessions
from control_plane.people.models import KeyRow, PersonRow
from control_plane.people.secret import Secret, new_key, parse_key
from control_plane.principal import SERVICES, Permission, Principal, Role, permissions_of

_PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")
LAST_USED_RESOLUTION_S = 60
BAD_KEY = "the key is unknown, revoked, expired or malformed"


def authenticate(session: ReadSession, text: str) -> tuple[Actor, frozenset[Permission], bool]:
    """Who holds this key, what they may do, and whether its last use should be noted.

    Raises UnauthorizedError, without saying what exactly is wrong with the key.
    """
    key = parse_key(text)
    if key is None:
        raise UnauthorizedError(BAD_KEY)
    row = session.get(KeyRow, key.id)
    now = clock.now()
    known = row is not None and key.matches(row.digest)
    if row is None or not known or row.revoked_at or (row.expires_at and row.expires_at <= now):
        raise UnauthorizedError(BAD_KEY, key.id)
    stale = row.last_used_at is None or row.last_used_at < clock.later(-LAST_USED_RESOLUTION_S)
    if row.service is not None:
        actor = Actor(type=ActorType.SERVICE, id=row.service, auth_method="api_key", key_id=row.id)
        return actor, SERVICES.get(row.service, frozenset()), stale
    person = session.get(PersonRow, row.person)
    if person is None or person.disabled_at:
        raise UnauthorizedError(BAD_KEY, key.id)
    actor = Actor(type=ActorType.PERSON, id=person.id, auth_method="api_key", key_id=row.id)
    return actor, permissions_of(person.roles), stale


def note_use(session: WriteSession, key_id: str) -> None:
    """Remember when a key was last used, to about a minute."""
    row = session.get(KeyRow, key_id)
    if row is not None:
        row.last_used_at = clock.now()
        session.add(row)


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
        _check_another_admin(session, row)
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


def disable_person(session: WriteSession, principal: Principal, person_id: str) -> PersonRow:
    """Shut a person out: none of their keys works and none of their approvals counts.

    Nobody disables themselves, so there is always an admin left.
    """
    row = get_person(session, person_id)
    if principal.person == person_id:
        raise PolicyError("nobody may disable themselves")
    if row.disabled_at is not None:
        return row
    _check_another_admin(session, row)
    before = person_view(row)
    row.disabled_at = clock.now()
    session.add(row)
    change = Change(
        action=Action.PERSON_DISABLE,
        entity=f"person:{person_id}",
        before=before,
        after=person_view(row),
    )
    record(session, principal, change)
    sessions.sign_out_everywhere(session, principal, person_id, "the person was disabled")
    return row


def is_person_id(text: str) -> bool:
    """Whether a person may be called so."""
    return _PERSON_ID.fullmatch(text) is not None


def _check_another_admin(session: WriteSession, row: PersonRow) -> None:
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


def issue_person_key(
    session: WriteSession, principal: Principal, person_id: str, expires_at: str | None = None
) -> Secret:
    """Make a key for a person; the secret is in the answer and nowhere else."""
    person = get_person(session, person_id)
    if person.disabled_at is not None:
        raise PolicyError(f"person {person_id} is disabled")
    return _issue(session, principal, expires_at, person=person_id)


def issue_service_key(session: WriteSession, principal: Principal, service: str) -> Secret:
    """Make a key for one of the known services."""
    if service not in SERVICES:
        raise ContractError("service", f"one of {sorted(SERVICES)}", service)
    return _issue(session, principal, None, service=service)


def revoke_key(session: WriteSession, principal: Principal, key_id: str) -> KeyRow:
    """End a key; revoking twice changes nothing."""
    row = session.get(KeyRow, key_id)
    if row is None:
        raise NotFoundError(f"no key {key_id}")
    if row.revoked_at is None:
        before = key_view(row)
        row.revoked_at = clock.now()
        session.add(row)
        change = Change(
            action=Action.KEY_REVOKE, entity=f"key:{key_id}", before=before, after=key_view(row)
        )
        record(session, principal, change)
    return row


def list_people(session: ReadSession) -> list[PersonRow]:
    """Everyone, by id."""
    return list(session.exec(select(PersonRow).order_by(col(PersonRow.id))))


def people_who_may(session: ReadSession, permission: Permission) -> frozenset[str]:
    """Ids of those who have the permission today: not shut out, and by a role they still have."""
    return frozenset(
        row.id
        for row in list_people(session)
        if row.disabled_at is None and permission in permissions_of(row.roles)
    )


def list_keys(session: ReadSession) -> list[KeyRow]:
    """All keys, oldest first."""
    return list(session.exec(select(KeyRow).order_by(col(KeyRow.created_at), col(KeyRow.id))))


def person_view(row: PersonRow) -> dict[str, Any]:
    """A person as the API and the register show them."""
    return row.model_dump()


def key_view(row: KeyRow) -> dict[str, Any]:
    """A key without its digest and without its last use, which is no change."""
    return row.model_dump(exclude={"digest", "last_used_at"})


def _issue(
    session: WriteSession,
    principal: Principal,
    expires_at: str | None,
    *,
    person: str | None = None,
    service: str | None = None,
) -> Secret:
    key = new_key()
    row = KeyRow(
        id=key.id,
        digest=key.digest,
        person=person,
        service=service,
        created_at=clock.now(),
        created_by=principal.actor.id,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    change = Change(action=Action.KEY_CREATE, entity=f"key:{key.id}", after=key_view(row))
    record(session, principal, change)
    return key
