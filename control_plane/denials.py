"""Denied requests become register events, without letting strangers grow the register at will.

What a known person or service was denied is one event each. Of requests without a good key,
the first from a source to a route is recorded at once; those that follow within the window are
counted, and become one event when it ends.
"""

import time
from collections.abc import Callable

from fastapi import Request

from bentos.contract.register import Action, Actor, ActorType, Outcome
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.errors import ControlPlaneError, UnauthorizedError
from control_plane.people.secret import without_secrets
from control_plane.principal import Principal
from control_plane.windows import Window, Windows

WINDOW_S = 60.0
ELSEWHERE = (None, "any")
"""Shared by all sources and routes beyond ``MAX_WINDOWS``, e.g. when addresses are made up."""
UNKNOWN = Actor(type=ActorType.SERVICE, id="unknown", auth_method="none")


class Strangers(Windows[tuple[str | None, str]]):
    """Requests without a good key, by source address and route."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(WINDOW_S, ELSEWHERE, now)


def record_denial(
    database: Database, strangers: Strangers, request: Request, error: ControlPlaneError
) -> None:
    """In a transaction of its own: the one of the request was undone."""
    who = getattr(request.state, "principal", None)
    if not isinstance(who, Principal):
        who = _stranger(request, error)
        if not strangers.is_first((who.ip, _tried(request))):
            return
    action, entity = getattr(request.state, "attempt", (None, ""))
    record_denied(database, who, action, entity or _endpoint(request), error)


def record_denied(
    database: Database,
    who: Principal,
    action: Action | None,
    entity: str,
    error: ControlPlaneError,
) -> None:
    """One event of its own; ``action`` None: nobody knows what it was about."""
    change = Change(
        action=action or Action.REQUEST_DENY,
        # Both may repeat what was sent in the path.
        entity=without_secrets(entity),
        reason=without_secrets(error.detail),
        outcome=Outcome.DENIED,
    )
    with database.write() as session:
        record(session, who, change)


def sum_up(database: Database, strangers: Strangers, *, everything: bool = False) -> None:
    """Record what the ended windows counted, one event each."""
    strangers.sum_up(database, _summary, everything=everything)


def route_template(request: Request) -> str:
    """The path of the matched route with its parameters' names, which are no secrets."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def _endpoint(request: Request) -> str:
    return f"{request.method} {route_template(request)}"


def _tried(request: Request) -> str:
    """The endpoint; for a sign-in also the person, if there is one of that id."""
    action, entity = getattr(request.state, "attempt", (None, ""))
    known = action is Action.SESSION_CREATE and entity.startswith("person:")
    return f"{_endpoint(request)} {entity}" if known else _endpoint(request)


def _summary(window: Window[tuple[str | None, str]]) -> tuple[Principal, Change]:
    ip, route = window.kind
    change = Change(
        action=Action.REQUEST_DENY,
        entity=route,
        reason="further requests without a good key",
        outcome=Outcome.DENIED,
        details={"denied": window.more},
    )
    return Principal(actor=UNKNOWN, ip=ip), change


def _stranger(request: Request, error: ControlPlaneError) -> Principal:
    # The claimed key id helps to find out whose old key is still in use.
    key_id = error.key_id if isinstance(error, UnauthorizedError) else None
    return Principal(
        actor=Actor(type=UNKNOWN.type, id=UNKNOWN.id, auth_method="none", key_id=key_id),
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=getattr(request.state, "request_id", None),
    )
