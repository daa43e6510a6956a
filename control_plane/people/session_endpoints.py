"""HTTP of signing in and out, and of one's own password."""

from typing import Annotated, Any

from fastapi import Request, Response

from bentos.contract.register import Action
from control_plane.auth import (
    FOREIGN_PAGE,
    allow_anyone,
    session_token,
    source_of,
)
from control_plane.config import Settings
from control_plane.errors import BusyError, ForbiddenError, ProviderError
from control_plane.parts import Parts, Reading, Running, parts_of
from control_plane.people import cookies, oidc_sign_in, sessions, sign_in
from control_plane.people.answers import NewSession, Self, SignedOut
from control_plane.people.attempts import DEVICE_COOKIE, DEVICE_KEPT_S
from control_plane.people.models import PersonRow, SessionRow
from control_plane.people.schemas import PasswordIn, SignInIn
from control_plane.people.service import get_person
from control_plane.people.sessions import Lifetime, SignedIn
from control_plane.principal import Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/session")
_SELF = "session"
Someone = Annotated[Principal, allow_anyone()]


@router.post("", status_code=201)
def post_session(
    request: Request, response: Response, parts: Running, body: SignInIn
) -> NewSession:
    """Sign in: the answer sets the session's cookie, a fresh one each time."""
    request.state.attempt = (Action.SESSION_CREATE, _SELF)
    if cookies.is_cross_origin(request, parts.settings.public_url):
        raise ForbiddenError(FOREIGN_PAGE)
    with parts.database.read() as session:
        if session.get(PersonRow, body.person) is not None:
            request.state.attempt = (Action.SESSION_CREATE, f"person:{body.person}")
    signed_in = sign_in.sign_in(
        parts.database,
        body.person,
        body.password,
        lifetime(parts.settings),
        source_of(request),
        cookies.read_cookie(request, parts.settings.public_url, DEVICE_COOKIE),
    )
    end_previous(request, signed_in.principal)
    give_cookie(request, response, signed_in)
    with parts.database.read() as session:
        return _view(session, signed_in.principal) | {"expires_at": signed_in.expires_at}


@router.get("")
def get_session(session: Reading, principal: Someone) -> Self:
    """Who is asking and what they may do, with a key too."""
    return _view(session, principal)


@router.delete("")
def delete_session(
    request: Request,
    response: Response,
    parts: Running,
    principal: Annotated[Principal, allow_anyone(Action.SESSION_END, _SELF)],
    everywhere: bool = False,
) -> SignedOut:
    """Sign out, here or in all browsers.

    ``provider_sign_out`` is where to send the browser to end the session at the OpenID
    provider, which is still open there.
    """
    own = principal.actor.key_id if principal.actor.auth_method == "session" else None
    with parts.database.write() as session:
        row = session.get(SessionRow, own) if own else None
        by_provider = row is not None and row.auth_method == oidc_sign_in.METHOD
        if everywhere and principal.person is not None:
            sessions.sign_out_everywhere(session, principal, principal.person)
        elif own is not None:
            sessions.sign_out(session, principal, own)
    cookies.drop_cookie(response, request, parts.settings.public_url, cookies.SESSION)
    # Asked with no transaction open: the provider may take its time.
    return {"provider_sign_out": _provider_sign_out(parts) if by_provider else None}


@router.put("/password")
def put_password(
    request: Request,
    response: Response,
    parts: Running,
    body: PasswordIn,
    principal: Annotated[Principal, allow_anyone(Action.PASSWORD_CHANGE, _SELF)],
) -> NewSession:
    """Choose a password of one's own; every session ends and a new one begins here."""
    signed_in = sign_in.change_password(
        parts.database,
        principal,
        body.current_password,
        body.new_password,
        lifetime(parts.settings),
    )
    give_cookie(request, response, signed_in)
    with parts.database.read() as session:
        return _view(session, signed_in.principal) | {"expires_at": signed_in.expires_at}


def lifetime(settings: Settings) -> Lifetime:
    """How long sessions last here."""
    return Lifetime(idle_s=settings.session_idle_s, at_most_s=settings.session_max_s)


def give_cookie(request: Request, response: Response, signed_in: SignedIn) -> None:
    """Hand the browser its token; it goes nowhere else."""
    settings = parts_of(request).settings
    cookies.set_cookie(
        response,
        request,
        settings.public_url,
        cookies.SESSION,
        signed_in.token,
        max_age_s=settings.session_max_s,
    )
    if signed_in.device is not None:
        cookies.set_cookie(
            response,
            request,
            settings.public_url,
            DEVICE_COOKIE,
            signed_in.device,
            max_age_s=DEVICE_KEPT_S,
        )


def end_previous(request: Request, principal: Principal) -> None:
    """The session this browser had before ends: a token is never carried over a sign-in."""
    token, parts = session_token(request), parts_of(request)
    if token is None:
        return
    with parts.database.write() as session:
        sessions.end_by_token(session, principal, token)


def _provider_sign_out(parts: Parts) -> str | None:
    if parts.provider is None or parts.settings.public_url is None:
        return None
    try:
        return parts.provider.sign_out_url(parts.settings.public_url + "/console")
    except (ProviderError, BusyError):
        # Here one is signed out whatever is the matter there.
        return None


def _view(session: Reading, principal: Principal) -> dict[str, Any]:
    person = get_person(session, principal.person) if principal.person else None
    return {
        "type": principal.actor.type.value,
        "id": principal.actor.id,
        "name": person.name if person else principal.actor.id,
        "roles": person.roles if person else [],
        "permissions": sorted(principal.permissions),
        "auth_method": principal.actor.auth_method,
        "must_change_password": principal.must_change_password,
    }
