"""HTTP of keys: one's own, and with the permission everybody's and the services'."""

from typing import Annotated, Any

from bentos.contract.register import Action
from control_plane import clock
from control_plane.auth import allow, allow_anyone, allow_self_or
from control_plane.paging import Paged
from control_plane.parts import Reading, Writing
from control_plane.people import keys
from control_plane.people.answers import Key, ListedKey, NewKey
from control_plane.people.keys import KeyPlan
from control_plane.people.models import KeyRow
from control_plane.people.schemas import KeyIn, RotateKeyIn
from control_plane.people.secret import Secret
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1")
_KEY = "key:{key_id}"


@router.post("/people/{person_id}/keys", status_code=201)
def post_key(
    session: Writing,
    person_id: str,
    principal: Annotated[
        Principal, allow_self_or(Permission.PEOPLE, Action.KEY_CREATE, "person:{person_id}")
    ],
    body: KeyIn | None = None,
) -> NewKey:
    """Make a key for oneself, or for another; it is shown this once."""
    key = keys.issue_person_key(session, principal, person_id, _plan(body))
    return _shown(key, session.get_one(KeyRow, key.id))


@router.get("/people/{person_id}/keys")
def get_persons_keys(
    session: Reading,
    person_id: str,
    page: Paged,
    _: Annotated[Principal, allow_self_or(Permission.PEOPLE)],
) -> list[ListedKey]:
    """One's own keys, or another's, without anything secret."""
    return [_listed(row) for row in keys.keys_of(session, person_id, page)]


@router.post("/services/{service_name}/keys", status_code=201)
def post_service_key(
    session: Writing,
    service_name: str,
    principal: Annotated[
        Principal, allow(Permission.PEOPLE, Action.KEY_CREATE, "service:{service_name}")
    ],
    body: KeyIn | None = None,
) -> NewKey:
    """Make a key for a service, e.g. a second gateway; it is shown this once."""
    key = keys.issue_service_key(session, principal, service_name, _plan(body))
    return _shown(key, session.get_one(KeyRow, key.id))


@router.get("/keys")
def get_keys(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> list[ListedKey]:
    """All keys of persons and services, without anything secret."""
    return [_listed(row) for row in keys.list_keys(session, page)]


@router.post("/keys/{key_id}/rotate", status_code=201)
def post_rotation(
    session: Writing,
    key_id: str,
    principal: Annotated[Principal, allow_anyone(Action.KEY_ROTATE, _KEY)],
    body: RotateKeyIn | None = None,
) -> NewKey:
    """Make a key's successor; both are good until the old one ends."""
    overlap_s = (body or RotateKeyIn()).overlap_s
    return _shown(*keys.rotate_key(session, principal, key_id, overlap_s))


@router.delete("/keys/{key_id}")
def delete_key(
    session: Writing,
    key_id: str,
    principal: Annotated[Principal, allow_anyone(Action.KEY_REVOKE, _KEY)],
) -> Key:
    """Revoke a key: one's own, or with the permission any."""
    return keys.key_view(keys.revoke_key(session, principal, key_id))


def _plan(body: KeyIn | None) -> KeyPlan:
    body = body or KeyIn()
    expires_at = body.expires_at
    if expires_at is not None:
        expires_at = clock.parse(expires_at, "expires_at")
    return KeyPlan(name=body.name, scopes=body.scopes, expires_at=expires_at)


def _shown(key: Secret, row: KeyRow) -> dict[str, Any]:
    return keys.key_view(row) | {"key": key.text}


def _listed(row: KeyRow) -> dict[str, Any]:
    return keys.key_view(row) | {"last_used_at": row.last_used_at}
