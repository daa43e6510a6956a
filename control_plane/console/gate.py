"""What stands before every page and every websocket of the console. Plain ASGI.

Without a session only the sign-in page, the style sheet and NiceGUI's own files are
served. Nothing is taken from other sites: a websocket or a form from elsewhere would
come with this person's cookie.
"""

import asyncio
from urllib.parse import urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from control_plane.auth import by_session
from control_plane.console.changes import Changes
from control_plane.console.door import Visitor, visitor_of
from control_plane.console.sightings import Sightings
from control_plane.errors import UnauthorizedError
from control_plane.parts import Parts
from control_plane.people import cookies
from control_plane.principal import Principal

SIGN_IN = "/sign-in"
PASSWORD = "/password"  # noqa: S105 - a path
OPEN_TO_ALL = (SIGN_IN, "/style.css", "/page.js", "/entry.js", "/favicon.ico", "/_nicegui/")
BEFORE_A_PASSWORD = (PASSWORD, *OPEN_TO_ALL)
POLICY = (
    # NiceGUI compiles event handlers in the browser, hence the two 'unsafe': what they could
    # be abused for is kept in by the rest. Nothing is loaded from, or sent to, another host.
    "default-src 'none'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
HEADERS = {
    "content-security-policy": "; ".join(POLICY),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


class Gate:
    """Lets in who has a session; tells the page behind it which visitor that is."""

    def __init__(self, app: ASGIApp, parts: Parts, changes: Changes, sightings: Sightings) -> None:
        self.app = app
        self._parts = parts
        self._changes = changes
        self._sightings = sightings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one websocket from its opening on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection, inner = HTTPConnection(scope), _inner(scope)
        visitor = visitor_of(connection, self._parts.settings)
        state = scope.setdefault("state", {})
        state.update(
            parts=self._parts, changes=self._changes, sightings=self._sightings, visitor=visitor
        )
        if self._is_from_elsewhere(connection):
            await _refuse(scope, receive, send, "not from another site")
        elif scope["type"] == "http" and inner.startswith(OPEN_TO_ALL):
            await self.app(scope, receive, _sealed(send))
        else:
            principal = await asyncio.to_thread(self._principal, visitor)
            await self._pass(principal, scope, receive, send)

    async def _pass(
        self, principal: Principal | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        inner = _inner(scope)
        if principal is None and scope["type"] == "websocket":
            await _refuse(scope, receive, send, "sign in first")
        elif principal is None:
            query = urlencode({"next": inner})
            there = RedirectResponse(f"{scope['root_path']}{SIGN_IN}?{query}", 303)
            await there(scope, receive, _sealed(send))
        elif principal.must_change_password and not inner.startswith(BEFORE_A_PASSWORD):
            there = RedirectResponse(f"{scope['root_path']}{PASSWORD}", 303)
            await there(scope, receive, _sealed(send))
        else:
            await self.app(scope, receive, _sealed(send))

    def _principal(self, visitor: Visitor) -> Principal | None:
        try:
            return by_session(self._parts, visitor.token, visitor.now())
        except UnauthorizedError:
            return None

    def _is_from_elsewhere(self, connection: HTTPConnection) -> bool:
        """A link from elsewhere may be followed; anything that acts may not come from there."""
        scope = connection.scope
        if scope["type"] == "http" and scope["method"] in cookies.SAFE_METHODS:
            return False
        return not cookies.is_same_origin(connection, self._parts.settings.public_url)


def _inner(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=1008, reason=why)(scope, receive, send)
    else:
        await PlainTextResponse(f"{why}\n", 403)(scope, receive, _sealed(send))


def _sealed(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return send_with_headers
