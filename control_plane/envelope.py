"""What surrounds every request: an id, and a limit on the body. Plain ASGI."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.errors import TooLargeError
from control_plane.identifier import new_id

MAX_BODY_BYTES = 8 * 1024 * 1024
REQUEST_ID = "x-request-id"
# What became of a request, as noted in ``request.state``, and the header that tells it.
TOLD = {
    "committed_at": "x-signalbox-committed-at",
    "served_revision": "x-signalbox-served-revision",
}


class Envelope:
    """Gives each request an id (in ``request.state`` and the answer) and bounds its body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise TooLargeError(f"at most {MAX_BODY_BYTES} bytes are taken")
            return message

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for noted, header in TOLD.items():
                    if noted in scope["state"]:
                        headers[header] = scope["state"][noted]
            await send(message)

        await self.app(scope, bounded, named)
