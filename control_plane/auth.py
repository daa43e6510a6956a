"""Turns a request's key or session into a Principal, or refuses. Every endpoint says what it
takes.

A key is sent as ``Authorization: Bearer`` and wins over a cookie. A cookie is sent by the
browser whoever's page asks, so with it everything but reading must come from our own pages.
"""

from dataclasses import replace
from typing import Any

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from bentos.contract.register import Action
from control_plane.errors import ForbiddenError, UnauthorizedError
from control_plane.parts import Parts, parts_of
from control_plane.people import cookies, sessions
from control_plane.people.keys import authenticate, note_use
from control_plane.principal import Permission, Principal, Source, acting

SCHEME = "bearer "
NO_PROOF = "send Authorization: Bearer sbx_<id>_<secret>, or sign in"
FOREIGN_PAGE = (
    "this was not sent by a page of this control plane: with a session's cookie, changes take "
    "Sec-Fetch-Site: same-origin or our own Origin; scripts send a key instead"
)
CHANGE_FIRST = "choose a password of your own first: PUT /api/v1/session/password"


def allow(permission: Permission, action: Action | None = None, entity: str = "") -> Any:
    """A dependency: the principal, if they have the permission.

    ``action`` and ``entity`` (a format over path parameters) name what a denial was about.
    """

    def principal(request: Request) -> Principal:
        request.state.attempt = (action, entity.format(**request.path_params))
        found = identify(request)
        if permission not in found.permissions:
            raise ForbiddenError(_why_not(found, permission))
        return found

    return Depends(principal)


def allow_anyone(action: Action | None = None, entity: str = "") -> Any:
    """A dependency: whoever proved who they are, for what concerns only themselves."""

    def principal(request: Request) -> Principal:
        request.state.attempt = (action, entity.format(**request.path_params))
        return identify(request)

    return Depends(principal)


def allow_self_or(permission: Permission, action: Action | None = None, entity: str = "") -> Any:
    """Like ``allow``, but the person of ``/{person_id}`` needs no permission for themselves."""

    def principal(request: Request) -> Principal:
        request.state.attempt = (action, entity.format(**request.path_params))
        found = identify(request)
        own = found.person == request.path_params["person_id"] and found.may_manage_itself
        if not own and permission not in found.permissions:
            raise ForbiddenError(_why_not(found, permission))
        return found

    return Depends(principal)


def allow_verb(entity: str) -> Any:
    """Like ``allow`` for ``/…/{verb}``: whose verb it is, the lifecycle table says."""

    def principal(request: Request) -> Principal:
        verb = request.path_params["verb"]
        known = f"release:{verb}" in {action.value for action in Action}
        action = Action(f"release:{verb}") if known else None
        request.state.attempt = (action, entity.format(**request.path_params))
        return identify(request)

    return Depends(principal)


def identify(request: Request) -> Principal:
    """Who is asking, by key or by session; raises UnauthorizedError, ForbiddenError."""
    parts = parts_of(request)
    header = request.headers.get("authorization", "")
    if header.lower().startswith(SCHEME):
        found = _by_key(parts, header[len(SCHEME) :], source_of(request))
    else:
        token = session_token(request)
        if token is None:
            raise UnauthorizedError(NO_PROOF)
        found = by_session(parts, token, source_of(request))
    request.state.principal = found
    if found.actor.auth_method == "session" and request.method not in cookies.SAFE_METHODS:
        check_same_origin(request)
    return found


def by_session(parts: Parts, token: str, source: Source) -> Principal:
    """Who holds this session's token, noting its use; raises UnauthorizedError."""
    with parts.database.read() as session:
        live = sessions.live_session(session, token, source)
    if live.stale:
        with parts.database.write() as session:
            sessions.touch(session, live.session_id)
    return live.principal


def session_token(connection: HTTPConnection) -> str | None:
    """The session's token a browser sent, unchecked."""
    url = parts_of(connection).settings.public_url
    return cookies.read_cookie(connection, url, cookies.SESSION)


def check_same_origin(connection: HTTPConnection) -> None:
    """Raise ForbiddenError unless one of our own pages sent this."""
    if not cookies.is_same_origin(connection, parts_of(connection).settings.public_url):
        raise ForbiddenError(FOREIGN_PAGE)


def source_of(connection: HTTPConnection) -> Source:
    """Where a request came from."""
    return Source(
        ip=connection.client.host if connection.client else None,
        user_agent=connection.headers.get("user-agent"),
        request_id=getattr(connection.state, "request_id", None),
    )


def _by_key(parts: Parts, text: str, source: Source) -> Principal:
    with parts.database.read() as session:
        key = authenticate(session, text)
    if key.stale and key.actor.key_id is not None:
        with parts.database.write() as session:
            note_use(session, key.actor.key_id)
    return replace(acting(key.actor, key.permissions, source), limited=key.limited)


def _why_not(principal: Principal, permission: Permission) -> str:
    if principal.must_change_password:
        return CHANGE_FIRST
    return f"this takes the permission {permission.value}"
