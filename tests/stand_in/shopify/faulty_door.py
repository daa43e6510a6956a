"""Stands before the application and lets the calls meet the faults that were ordered."""

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.stand_in.shopify.faults import Fault
from tests.stand_in.shopify.place import Place

PIECES = 10
BODIES = {
    402: {"errors": "Unavailable Shop"},
    403: {"errors": "[API] This action requires merchant approval for the necessary scope."},
    404: {"errors": "Not Found"},
    423: {"errors": "Locked: this shop is locked"},
    429: {
        "errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume "
        "uninterrupted service."
    },
    430: {"errors": "Shopify Security Rejection"},
}


class FaultyDoor:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self._app, self._place = app, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or spoil it."""
        fault = None
        if scope["type"] == "http" and not scope["path"].startswith("/_stand_in/"):
            fault = self._place.faults.next(scope["path"])
        if fault is None or fault.kind == "throttled":
            scope["stand_in.fault"] = fault
            await self._app(scope, receive, send)
            return
        if fault.kind != "no_answer" or isinstance(fault.kind, int):
            self._place.calls.append({"path": scope["path"], "fault": fault.kind})
        if isinstance(fault.kind, int):
            await _refuse(fault, send)
        elif fault.kind == "reset":
            _break(send)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the right answer badly: slowly, by half, or not at all."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        if fault.kind == "no_answer":
            _break(send)
            return
        await send(messages[0])
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if fault.kind == "half":
            await _piece(send, body[: len(body) // 2], more=True)
            # What was sent is to arrive before the connection breaks.
            await asyncio.sleep(0.05)
            _break(send)
            return
        step = max(1, len(body) // PIECES)
        for place in range(0, len(body), step):
            await asyncio.sleep(fault.seconds / PIECES / self._place.clock.rate)
            await _piece(send, body[place : place + step], more=place + step < len(body))


async def _piece(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _refuse(fault: Fault, send: Send) -> None:
    status = int(fault.kind)
    kind, body = b"application/json; charset=utf-8", json.dumps(BODIES.get(status, {})).encode()
    if status >= 500:
        # What stands before Shopify answers in HTML.
        kind, body = b"text/html", f"<html><body><h1>{status}</h1></body></html>".encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if status == 429:
        headers.append((b"retry-after", f"{fault.seconds or 2.0}".encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await _piece(send, body, more=False)


def _break(send: Send) -> None:
    """Cut the connection; ASGI has no word for it, uvicorn's cycle holds the transport."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]
