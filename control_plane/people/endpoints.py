"""HTTP of persons."""

from typing import Annotated

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.auth import allow, allow_self_or
from control_plane.paging import Paged
from control_plane.parts import Parts, Reading, Running, Writing
from control_plane.people import access, identities, service, sessions, sign_in
from control_plane.people.access_review import access_review
from control_plane.people.answers import AccessReview, Identity, Password, Person, Session
from control_plane.people.schemas import IdentityIn, PersonIn, RolesIn
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1")
_PERSON = "person:{person_id}"


@router.post("/people", status_code=201)
def post_person(
    session: Writing,
    body: PersonIn,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_CREATE, "people")],
) -> Person:
    """Add a person."""
    row = service.create_person(session, principal, body.id, body.name, body.roles)
    return service.person_view(row)


@router.get("/people")
def get_people(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> list[Person]:
    """Everyone."""
    return [service.person_view(row) for row in service.list_people(session, page)]


@router.get("/people/{person_id}")
def get_person(
    session: Reading, person_id: str, _: Annotated[Principal, allow(Permission.PEOPLE)]
) -> Person:
    """One person."""
    return service.person_view(service.get_person(session, person_id))


@router.patch("/people/{person_id}")
def patch_person(
    session: Writing,
    person_id: str,
    body: RolesIn,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_EDIT, _PERSON)],
) -> Person:
    """Replace a person's roles."""
    return service.person_view(service.change_roles(session, principal, person_id, body.roles))


@router.delete("/people/{person_id}")
def delete_person(
    session: Writing,
    person_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_DISABLE, _PERSON)],
) -> Person:
    """Disable a person; the register goes on naming them."""
    return service.person_view(access.disable_person(session, principal, person_id))


@router.post("/people/{person_id}/enable")
def post_enable(
    session: Writing,
    person_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PERSON_ENABLE, _PERSON)],
) -> Person:
    """Let a disabled person in again; keys and password they need anew."""
    return service.person_view(access.enable_person(session, principal, person_id))


@router.post("/people/{person_id}/password", status_code=201)
def post_password(
    session: Writing,
    person_id: str,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.PASSWORD_RESET, _PERSON)],
) -> Password:
    """Give a person a one-time password; it is shown this once and ends their sessions."""
    password = sign_in.reset_password(session, principal, person_id, sign_in.new_one_time())
    return {"person": person_id, "password": password.text, "expires_at": password.expires_at}


@router.get("/people/{person_id}/identities")
def get_identities(
    session: Reading,
    person_id: str,
    page: Paged,
    _: Annotated[Principal, allow(Permission.PEOPLE)],
) -> list[Identity]:
    """Who the person is to the OpenID provider."""
    service.get_person(session, person_id)
    found = identities.list_identities(session, person_id, page)
    return [identities.identity_view(row) for row in found]


@router.post("/people/{person_id}/identities", status_code=201)
def post_identity(
    session: Writing,
    parts: Running,
    person_id: str,
    body: IdentityIn,
    principal: Annotated[Principal, allow(Permission.PEOPLE, Action.IDENTITY_LINK, _PERSON)],
) -> Identity:
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


@router.get("/people/{person_id}/sessions")
def get_sessions(
    session: Reading,
    person_id: str,
    page: Paged,
    _: Annotated[Principal, allow_self_or(Permission.PEOPLE)],
) -> list[Session]:
    """One's own open sessions, or another's."""
    service.get_person(session, person_id)
    return [sessions.session_view(row) for row in sessions.live_sessions(session, person_id, page)]


@router.delete("/people/{person_id}/sessions", status_code=204)
def delete_sessions(
    session: Writing,
    person_id: str,
    principal: Annotated[Principal, allow_self_or(Permission.PEOPLE, Action.SESSION_END, _PERSON)],
) -> None:
    """Sign somebody out everywhere."""
    service.get_person(session, person_id)
    sessions.sign_out_everywhere(session, principal, person_id)


@router.delete("/people/{person_id}/sessions/{session_id}", status_code=204)
def delete_one_session(
    session: Writing,
    person_id: str,
    session_id: str,
    principal: Annotated[Principal, allow_self_or(Permission.PEOPLE, Action.SESSION_END, _PERSON)],
) -> None:
    """End one of somebody's sessions, e.g. that of a lost phone."""
    sessions.end_one(session, principal, person_id, session_id)


@router.get("/access-review")
def get_access_review(
    session: Reading, _: Annotated[Principal, allow(Permission.REGISTER_READ)]
) -> AccessReview:
    """Who has which role since when and by whom, and all keys with their last use."""
    return access_review(session)
