"""Who may do what here, since when, and by which keys: the list an auditor asks for.

Since when a role is held is read from the register, not kept a second time.
"""

from collections.abc import Iterable
from typing import Any

from sqlmodel import col, select

from bentos.contract.register import Action, Outcome
from control_plane.audit.models import EventRow
from control_plane.db import ReadSession
from control_plane.people import identities, keys, sessions
from control_plane.people.models import KeyRow, PasswordRow, PersonRow
from control_plane.people.service import list_people
from control_plane.principal import SERVICES, permissions_of


def access_review(session: ReadSession) -> dict[str, Any]:
    """Everyone who could act, disabled ones too, and the services."""
    events = _events_by_entity(session)
    found = keys.list_keys(session)
    return {
        "people": [
            _person(session, person, events.get(f"person:{person.id}", []), found)
            for person in list_people(session)
        ],
        "services": [
            {
                "id": service,
                "permissions": sorted(SERVICES[service]),
                "keys": [_key(row) for row in found if row.service == service],
            }
            for service in sorted(SERVICES)
        ],
    }


def roles_since(events: Iterable[EventRow]) -> dict[str, dict[str, str]]:
    """Role → since when without a break, and by whom, from one person's events in order."""
    held: dict[str, dict[str, str]] = {}
    for event in events:
        if event.outcome != Outcome.ALLOWED or "roles" not in event.diff:
            continue
        roles = event.diff["roles"][1] or []
        fresh = {"at": event.at, "by": event.actor_id}
        held = {role: held.get(role, fresh) for role in roles}
    return held


def _person(
    session: ReadSession, person: PersonRow, events: list[EventRow], found: list[KeyRow]
) -> dict[str, Any]:
    password = session.get(PasswordRow, person.id)
    return {
        "id": person.id,
        "name": person.name,
        "created_at": person.created_at,
        "disabled_at": person.disabled_at,
        "roles": roles_since(events),
        "permissions": sorted(permissions_of(person.roles)) if not person.disabled_at else [],
        "password": password
        and {"set_at": password.set_at, "set_by": password.set_by, "one_time": password.one_time},
        "identities": [
            identities.identity_view(row) for row in identities.list_identities(session, person.id)
        ],
        "sessions": len(sessions.live_sessions(session, person.id)),
        "keys": [_key(row) for row in found if row.person == person.id],
    }


def _key(row: KeyRow) -> dict[str, Any]:
    """``made_by_another``: somebody besides its holder has seen the key."""
    another = row.person is not None and row.created_by != row.person
    return keys.key_view(row) | {
        "last_used_at": row.last_used_at,
        "live": keys.is_live(row),
        "made_by_another": another,
    }


def _events_by_entity(session: ReadSession) -> dict[str, list[EventRow]]:
    wanted = [Action.PERSON_CREATE.value, Action.PERSON_EDIT.value]
    query = select(EventRow).where(col(EventRow.action).in_(wanted)).order_by(col(EventRow.seq))
    found: dict[str, list[EventRow]] = {}
    for row in session.exec(query):
        found.setdefault(row.entity, []).append(row)
    return found
