"""API keys of persons and services: made, limited, rotated, revoked, and whether one is good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Actor, ActorType
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError, UnauthorizedError
from control_plane.paging import EVERYTHING, Listing
from control_plane.people.models import KeyRow, PersonRow
from control_plane.people.secret import Kind, Secret, new_key, parse_key
from control_plane.people.service import get_person
from control_plane.principal import SERVICES, Permission, Principal, permissions_of

LAST_USED_RESOLUTION_S = 60
BAD_KEY = "the key is unknown, revoked, expired or malformed"
MAX_NAME = 100
MAX_LIVE = 50
"""Good keys of one person or service."""


class GoodKey(NamedTuple):
    """What a key opens. ``stale``: its last use is to be noted; ``limited``: it has scopes."""

    actor: Actor
    permissions: frozenset[Permission]
    stale: bool
    limited: bool


@dataclass(frozen=True, kw_only=True)
class KeyPlan:
    """A key to be. ``scopes``: permissions it is limited to; None: all its holder has."""

    name: str | None = None
    scopes: list[str] | None = None
    expires_at: str | None = None


def authenticate(session: ReadSession, text: str) -> GoodKey:
    """Who holds this key and what it opens now.

    Raises UnauthorizedError, without saying what exactly is wrong with the key.
    """
    key = parse_key(text)
    if key is None:
        raise UnauthorizedError(BAD_KEY)
    row = session.get(KeyRow, key.id)
    if row is None or not key.matches(row.digest) or not is_live(row):
        raise UnauthorizedError(BAD_KEY, key.id)
    held = _held(session, row)
    if held is None:
        raise UnauthorizedError(BAD_KEY, key.id)
    kind = ActorType.SERVICE if row.service is not None else ActorType.PERSON
    actor = Actor(type=kind, id=_holder(row), auth_method="api_key", key_id=row.id)
    stale = row.last_used_at is None or row.last_used_at < clock.later(-LAST_USED_RESOLUTION_S)
    permissions = held if row.scopes is None else held & frozenset(row.scopes)
    return GoodKey(actor, frozenset(permissions), stale, row.scopes is not None)


def note_use(session: WriteSession, key_id: str) -> None:
    """Remember when a key was last used, to about a minute."""
    row = session.get(KeyRow, key_id)
    if row is not None:
        row.last_used_at = clock.now()
        session.add(row)


def issue_person_key(
    session: WriteSession, principal: Principal, person_id: str, plan: KeyPlan | None = None
) -> Secret:
    """Make a key for a person; the secret is in the answer and nowhere else."""
    person = get_person(session, person_id)
    if person.disabled_at is not None:
        raise PolicyError(f"person {person_id} is disabled")
    plan = plan or KeyPlan()
    _check(session, plan, permissions_of(person.roles), col(KeyRow.person) == person_id)
    return _issue(session, principal, plan, person=person_id)


def issue_service_key(
    session: WriteSession, principal: Principal, service: str, plan: KeyPlan | None = None
) -> Secret:
    """Make a key for one of the known services."""
    if service not in SERVICES:
        raise ContractError("service", f"one of {sorted(SERVICES)}", service)
    plan = plan or KeyPlan()
    _check(session, plan, SERVICES[service], col(KeyRow.service) == service)
    return _issue(session, principal, plan, service=service)


def rotate_key(
    session: WriteSession, principal: Principal, key_id: str, overlap_s: int
) -> tuple[Secret, KeyRow]:
    """Make a key's successor; the old one ends ``overlap_s`` seconds from now.

    Raises PolicyError when the key is over, or two of its line are live: a third never is.
    """
    row = get_key(session, principal, key_id)
    if not is_live(row):
        raise PolicyError(f"key {key_id} is over: make a new one")
    if row.replaced_by is not None:
        raise PolicyError(f"key {key_id} was rotated already: its successor is {row.replaced_by}")
    elder = session.exec(select(KeyRow).where(col(KeyRow.replaced_by) == key_id)).first()
    if elder is not None and is_live(elder):
        raise PolicyError(f"two are live: revoke {elder.id} first, or wait for {elder.expires_at}")
    plan = KeyPlan(name=row.name, scopes=row.scopes, expires_at=_as_long(row))
    before = key_view(row)
    new = _issue(session, principal, plan, person=row.person, service=row.service)
    end = clock.later(overlap_s)
    row.expires_at = min(end, row.expires_at) if row.expires_at else end
    row.replaced_by = new.id
    session.add(row)
    session.flush()
    change = Change(
        action=Action.KEY_ROTATE, entity=f"key:{key_id}", before=before, after=key_view(row)
    )
    record(session, principal, change)
    return new, session.get_one(KeyRow, new.id)


def revoke_key(session: WriteSession, principal: Principal, key_id: str) -> KeyRow:
    """End a key at once; revoking twice changes nothing."""
    row = get_key(session, principal, key_id)
    if row.revoked_at is None:
        before = key_view(row)
        row.revoked_at = clock.now()
        session.add(row)
        change = Change(
            action=Action.KEY_REVOKE, entity=f"key:{key_id}", before=before, after=key_view(row)
        )
        record(session, principal, change)
    return row


def get_key(session: ReadSession, principal: Principal, key_id: str) -> KeyRow:
    """A key the principal may manage: their own, or with the permission any.

    Raises ForbiddenError for others' keys and for those that do not exist, alike.
    """
    row = session.get(KeyRow, key_id)
    ours = principal.actor.type is ActorType.SYSTEM
    everyones = ours or Permission.PEOPLE in principal.permissions
    own = row is not None and row.person == principal.person and principal.may_manage_itself
    if not everyones and not own:
        raise ForbiddenError(f"this takes one's own key, or the permission {Permission.PEOPLE}")
    if row is None:
        raise NotFoundError(f"no key {key_id}")
    return row


def list_keys(session: ReadSession, page: Listing = EVERYTHING) -> list[KeyRow]:
    """All keys, oldest first."""
    return page.rows(session, select(KeyRow), col(KeyRow.created_at), col(KeyRow.id))


def keys_of(session: ReadSession, person_id: str, page: Listing = EVERYTHING) -> list[KeyRow]:
    """A person's keys, oldest first."""
    query = select(KeyRow).where(col(KeyRow.person) == person_id)
    return page.rows(session, query, col(KeyRow.created_at), col(KeyRow.id))


def is_live(row: KeyRow) -> bool:
    """Neither revoked nor expired."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > clock.now())


def key_view(row: KeyRow) -> dict[str, Any]:
    """A key without its digest and without its last use, which is no change."""
    return row.model_dump(exclude={"digest", "last_used_at"}) | {"prefix": shown(row.id)}


def shown(key_id: str) -> str:
    """As much of a key as may be shown: enough to find it again in a file."""
    return f"{Kind.API_KEY}_{key_id}_…"


def _holder(row: KeyRow) -> str:
    holder = row.service or row.person
    assert holder is not None
    return holder


def _held(session: ReadSession, row: KeyRow) -> frozenset[Permission] | None:
    """What the key's holder may do now; None when the holder is shut out."""
    if row.service is not None:
        return SERVICES.get(row.service, frozenset())
    person = session.get(PersonRow, row.person)
    if person is None or person.disabled_at:
        return None
    return permissions_of(person.roles)


def _check(session: WriteSession, plan: KeyPlan, held: frozenset[Permission], whose: Any) -> None:
    if plan.name is not None and not 0 < len(plan.name) <= MAX_NAME:
        raise ContractError("name", f"1 to {MAX_NAME} characters", plan.name)
    if plan.scopes is not None and not plan.scopes:
        raise ContractError("scopes", "at least one permission, or none for all", [])
    for index, scope in enumerate(plan.scopes or ()):
        if scope not in held:
            allowed = sorted(permission.value for permission in held)
            raise ContractError(f"scopes[{index}]", f"one its holder has: {allowed}", scope)
    live = [row for row in session.exec(select(KeyRow).where(whose)) if is_live(row)]
    if len(live) >= MAX_LIVE:
        raise PolicyError(f"there are {MAX_LIVE} good keys already: revoke those not in use")


def _as_long(row: KeyRow) -> str | None:
    """A successor lives as long as its elder was to live."""
    if row.expires_at is None:
        return None
    made, ends = map(datetime.fromisoformat, (row.created_at, row.expires_at))
    return clock.later((ends - made).total_seconds())


def _issue(
    session: WriteSession,
    principal: Principal,
    plan: KeyPlan,
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
        expires_at=plan.expires_at,
        name=plan.name,
        scopes=sorted(set(plan.scopes)) if plan.scopes is not None else None,
    )
    session.add(row)
    session.flush()
    change = Change(action=Action.KEY_CREATE, entity=f"key:{key.id}", after=key_view(row))
    record(session, principal, change)
    return key
