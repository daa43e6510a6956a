"""Lets a page's actions through only from the browser the page was made for.

NiceGUI takes an event for any page from any socket that knows the page's id. Here the
socket must have come with that page's own session, and the session must be good now:
whoever signed out, or was shut out, acts no more.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from nicegui import Client
from socketio import AsyncServer
from socketio.exceptions import ConnectionRefusedError as SocketRefusedError
from starlette.requests import HTTPConnection

from control_plane.console.door import Visitor, visitor_of
from control_plane.console.presses import was_drawn_anew
from control_plane.console.seat import Attempt, Seat
from control_plane.errors import ForbiddenError, UnauthorizedError

GUARDED = ("event", "javascript_response", "ack", "log")
SEAT = "seat"
ENDED = "/sign-in?ended=1"
GONE = "Implicit handshake failed"
"""NiceGUI's own words for a page it no longer has: its script loads such a page anew."""
Handler = Callable[..., Awaitable[Any] | Any]


def seat_of(client: Client) -> Seat | None:
    """Who sits before a page; None for one without a person, e.g. an error page."""
    seat = client.storage.get(SEAT)
    return seat if isinstance(seat, Seat) else None


def guard(server: AsyncServer) -> None:
    """Stand before NiceGUI's handlers of whatever browsers send."""
    handlers = server.handlers["/"]
    connect, handshake = handlers["connect"], handlers["handshake"]

    async def connected(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        asked = parse_qs(environ.get("QUERY_STRING", "")).get("client_id", [""])[0]
        if asked not in Client.instances:
            raise SocketRefusedError(GONE)
        if not _is_its_browser(server, sid, asked):
            raise SocketRefusedError("the page was opened by another browser")
        await connect(sid, environ, auth)

    async def shaken(sid: str, data: dict[str, Any]) -> bool:
        if not _is_its_browser(server, sid, str(data.get("client_id"))):
            return False
        return bool(await handshake(sid, data))

    server.on("connect", connected)
    server.on("handshake", shaken)
    for name in GUARDED:
        server.on(name, _guarded(server, name, handlers[name]))


def _guarded(server: AsyncServer, name: str, handler: Handler) -> Handler:
    async def guarded(sid: str, message: dict[str, Any]) -> None:
        client = Client.instances.get(str(message.get("client_id")))
        if client is None or not await _may_act(server, sid, client):
            return
        if not (name == "event" and was_drawn_anew(client, message)):
            handler(sid, message)

    return guarded


async def _may_act(server: AsyncServer, sid: str, client: Client) -> bool:
    page = seat_of(client)
    if page is None:
        return False
    attempt = Attempt(action=None, entity=f"console {client.page.path}")
    sender = Seat(page.parts, _visitor(server, sid, page))
    is_its_browser = _is_its_browser(server, sid, client.id)
    try:
        await sender.come()
    except UnauthorizedError as error:
        known = page if is_its_browser else sender
        await known.deny(attempt, error)
        client.open(ENDED)
        return False
    if is_its_browser and client.id in server.rooms(sid):
        return True
    await sender.deny(attempt, ForbiddenError("the page was opened by another browser"))
    return False


def _is_its_browser(server: AsyncServer, sid: str, client_id: str) -> bool:
    client = Client.instances.get(client_id)
    seat = seat_of(client) if client else None
    return seat is not None and seat.visitor.has_same_session(_visitor(server, sid, seat))


def _visitor(server: AsyncServer, sid: str, seat: Seat) -> Visitor:
    scope = server.get_environ(sid)["asgi.scope"]
    return visitor_of(HTTPConnection(scope), seat.parts.settings)
