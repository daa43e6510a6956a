"""HTTP of persons and keys."""

from typing import Annotated, Any

from fastapi import APIRouter

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.auth import allow
from control_plane.parts import Parts, Reading, Running, Writing
from control_plane.people import identities, service, sign_in
from control_plane.people.schemas import IdentityIn, KeyIn, PersonIn, RolesIn
from control_plane.principal import Permission, Principal

router = APIRouter(prefix="/api/v1")
_PERSON = "person:{person_id}"


@router.post("/people", status_code=201)
def post_person(
    session: Writing,
    body: PersonIn,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_CREATE, "people")],
) -> dict[str, Any]:
    """Add a person."""
    row = service.create_person(session, principal, body.id, body.name, body.roles)
    return service.person_view(row)


@router.get("/people")
def get_people(
    session: Reading, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> list[dict[str, Any]]:
    """Everyone."""
    return [service.person_view(row) for row in service.list_people(session)]


@router.get("/people/{person_id}")
def get_person(
    session: Reading, person_id: str, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> dict[str, Any]:
    """One person."""
    return service.person_view(service.get_person(session, person_id))


@router.patch("/people/{person_id}")
def patch_person(
    session: Writing,
    person_id: str,
    body: RolesIn,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_EDIT, _PERSON)],
) -> dict[str, Any]:
    """Replace a person's roles."""
    return service.person_view(service.change_roles(session, principal, person_id, body.roles))


@router.delete("/people/{person_id}")
def delete_person(
    session: Writing,
    person_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_DISABLE, _PERSON)],
) -> dict[str, Any]:
    """Disable a person; the register goes on naming them."""
    return service.person_view(service.disable_person(session, principal, person_id))


@router.post("/people/{person_id}/keys", status_code=201)
def post_key(
    session: Writing,
    person_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.KEY_CREATE, _PERSON)],
    body: KeyIn | None = None,
) -> dict[str, Any]:
    """Make a key for a person; it is shown this once."""
    expires_at = body.expires_at if body else None
    if expires_at is not None:
        expires_at = clock.parse(expires_at, "expires_at")
    key = service.issue_person_key(session, principal, person_id, expires_at)
    return {"id": key.id, "key": key.text, "person": person_id, "expires_at": expires_at}


@router.post("/people/{person_id}/password", status_code=201)
def post_password(
    parts: Running,
    person_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PASSWORD_RESET, _PERSON)],
) -> dict[str, Any]:
    """Give a person a one-time password; it is shown this once and ends their sessions."""
    password = sign_in.reset_password(parts.database, principal, person_id)
    return {"person": person_id, "password": password.text, "expires_at": password.expires_at}


@router.get("/people/{person_id}/identities")
def get_identities(
    session: Reading, person_id: str, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> list[dict[str, Any]]:
    """Who the person is to the OpenID provider."""
    service.get_person(session, person_id)
    return [identities.identity_view(row) for row in identities.list_identities(session, person_id)]


@router.post("/people/{person_id}/identities", status_code=201)
def post_identity(
    session: Writing,
    parts: Running,
    person_id: str,
    body: IdentityIn,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.IDENTITY_LINK, _PERSON)],
) -> dict[str, Any]:
    """Let whoever the provider knows by this subject sign in as the person."""
    issuer = _issuer(parts, body.issuer)
    row = identities.link(session, principal, person_id, issuer, body.subject)
    return identities.identity_view(row)


@router.delete("/people/{person_id}/identities", status_code=204)
def delete_identity(
    session: Writing,
    parts: Running,
    person_id: str,
    subject: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.IDENTITY_UNLINK, _PERSON)],
    issuer: str | None = None,
) -> None:
    """End that; the person's sessions end too."""
    identities.unlink(session, principal, person_id, _issuer(parts, issuer), subject)


def _issuer(parts: Parts, told: str | None) -> str:
    if told is None and parts.provider is None:
        raise ContractError("issuer", "an issuer, since no provider is set here", None)
    return told or (parts.provider.issuer if parts.provider else "")


@router.post("/services/{service_name}/keys", status_code=201)
def post_service_key(
    session: Writing,
    service_name: str,
    principal: Annotated[
        Principal, allow(Permission.PEOPLE, Action.KEY_CREATE, "service:{service_name}")
    ],
) -> dict[str, Any]:
    """Make a key for a service, e.g. a second gateway; it is shown this once."""
    key = service.issue_service_key(session, principal, service_name)
    return {"id": key.id, "key": key.text, "service": service_name}


@router.get("/keys")
def get_keys(
    session: Reading, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> list[dict[str, Any]]:
    """All keys of persons and services, without anything secret."""
    rows = service.list_keys(session)
    return [service.key_view(row) | {"last_used_at": row.last_used_at} for row in rows]


@router.delete("/keys/{key_id}")
def delete_key(
    session: Writing,
    key_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.KEY_REVOKE, "key:{key_id}")],
) -> dict[str, Any]:
    """Revoke a key."""
    return service.key_view(service.revoke_key(session, principal, key_id))
