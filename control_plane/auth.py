"""Turns a request's key into a Principal, or refuses. Every endpoint says what it takes."""

from typing import Any

from fastapi import Depends, Request

from bentos.contract.register import Action
from control_plane.errors import ForbiddenError, UnauthorizedError
from control_plane.parts import Parts, parts_of
from control_plane.people.service import authenticate, note_use
from control_plane.principal import Permission, Principal

SCHEME = "bearer "


def allow(permission: Permission, action: Action | None = None, entity: str = "") -> Any:
    """A dependency: the principal, if they have the permission.

    ``action`` and ``entity`` (a format over path parameters) name what a denial was about.
    """

    def principal(request: Request) -> Principal:
        request.state.attempt = (action, entity.format(**request.path_params))
        found = identify(request)
        if permission not in found.permissions:
            raise ForbiddenError(f"this takes the permission {permission.value}")
        return found

    return Depends(principal)


def allow_verb() -> Any:
    """Like ``allow`` for ``/{release_id}/{verb}``: whose verb it is, the lifecycle table says."""

    def principal(request: Request) -> Principal:
        verb, release_id = request.path_params["verb"], request.path_params["release_id"]
        known = f"release:{verb}" in {action.value for action in Action}
        action = Action(f"release:{verb}") if known else None
        request.state.attempt = (action, f"release:{release_id}")
        return identify(request)

    return Depends(principal)


def identify(request: Request) -> Principal:
    """Who is asking; raises UnauthorizedError."""
    parts = parts_of(request)
    header = request.headers.get("authorization", "")
    if not header.lower().startswith(SCHEME):
        raise UnauthorizedError("send Authorization: Bearer sbx_<id>_<secret>")
    with parts.database.read() as session:
        actor, permissions, stale = authenticate(session, header[len(SCHEME) :])
    found = Principal(
        actor=actor,
        permissions=permissions,
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=getattr(request.state, "request_id", None),
    )
    request.state.principal = found
    if stale and actor.key_id is not None:
        _note(parts, actor.key_id)
    return found


def _note(parts: Parts, key_id: str) -> None:
    with parts.database.write() as session:
        note_use(session, key_id)
