"""Denied requests become register events, without letting strangers grow the register at will.

What a known person or service was denied is one event each. Of requests without a good key,
the first from a source to a route is recorded at once; those that follow within the window are
counted, and become one event when it ends.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from bentos.contract.register import Action, Actor, ActorType, Outcome
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.errors import ControlPlaneError, UnauthorizedError
from control_plane.people.secret import without_secrets
from control_plane.principal import Principal

WINDOW_S = 60.0
MAX_WINDOWS = 1000
ELSEWHERE = (None, "any")
"""Shared by all sources and routes beyond ``MAX_WINDOWS``, e.g. when addresses are made up."""
UNKNOWN = Actor(type=ActorType.SERVICE, id="unknown", auth_method="none")


@dataclass
class Window:
    """Denials from one source to one route. ``more``: how many followed the recorded one."""

    ip: str | None
    route: str
    ends: float
    more: int = 0


class Strangers:
    """The windows that are open. Used from many threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._open: dict[tuple[str | None, str], Window] = {}
        self._lock = threading.Lock()

    def is_first(self, ip: str | None, route: str) -> bool:
        """Whether this denial is to be recorded by itself; else it is counted."""
        with self._lock:
            full = len(self._open) >= MAX_WINDOWS and (ip, route) not in self._open
            ip, route = ELSEWHERE if full else (ip, route)
            window = self._open.get((ip, route))
            if window is not None:
                window.more += 1
                return False
            self._open[ip, route] = Window(ip, route, self._now() + WINDOW_S)
            return True

    def take_ended(self, *, everything: bool = False) -> list[Window]:
        """Close the windows whose time is over and hand over those that counted something."""
        with self._lock:
            now = self._now()
            ended = [key for key, each in self._open.items() if everything or each.ends <= now]
            windows = [self._open.pop(key) for key in ended]
        return [window for window in windows if window.more]

    def put_back(self, windows: list[Window]) -> None:
        """Go on counting what could not be recorded."""
        with self._lock:
            for window in windows:
                held = self._open.setdefault((window.ip, window.route), window)
                if held is not window:
                    held.more += window.more


def record_denial(
    database: Database, strangers: Strangers, request: Request, error: ControlPlaneError
) -> None:
    """In a transaction of its own: the one of the request was undone."""
    who = getattr(request.state, "principal", None)
    if not isinstance(who, Principal):
        who = _stranger(request, error)
        if not strangers.is_first(who.ip, _tried(request)):
            return
    action, entity = getattr(request.state, "attempt", (None, ""))
    change = Change(
        action=action or Action.REQUEST_DENY,
        # Both may repeat what was sent in the path.
        entity=without_secrets(entity or _endpoint(request)),
        reason=without_secrets(error.detail),
        outcome=Outcome.DENIED,
    )
    with database.write() as session:
        record(session, who, change)


def sum_up(database: Database, strangers: Strangers, *, everything: bool = False) -> None:
    """Record what the ended windows counted, one event each."""
    windows = strangers.take_ended(everything=everything)
    if not windows:
        return
    try:
        with database.write() as session:
            for window in windows:
                record(session, Principal(actor=UNKNOWN, ip=window.ip), _summary(window))
    except Exception:
        strangers.put_back(windows)
        raise


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


def _summary(window: Window) -> Change:
    return Change(
        action=Action.REQUEST_DENY,
        entity=window.route,
        reason="further requests without a good key",
        outcome=Outcome.DENIED,
        details={"denied": window.more},
    )


def _stranger(request: Request, error: ControlPlaneError) -> Principal:
    # The claimed key id helps to find out whose old key is still in use.
    key_id = error.key_id if isinstance(error, UnauthorizedError) else None
    return Principal(
        actor=Actor(type=UNKNOWN.type, id=UNKNOWN.id, auth_method="none", key_id=key_id),
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        request_id=getattr(request.state, "request_id", None),
    )
