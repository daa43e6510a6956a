"""The documents stream as an ASGI answer: a snapshot, each change, a heartbeat every second.

One task a stream and no queue: a subscriber that reads slowly is sent the newest of each
document when it has room again, and what lies unsent for it is bounded by uvicorn's write
buffer. One that never reads, or is gone without a word, is ended by the kernel
(``listener.py``); meanwhile it holds nobody back.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bentos.contract.documents import HEARTBEAT_SECONDS, DocumentName, Revision
from control_plane.publish.feed import Announced, Feed

HEARTBEAT = b"event: heartbeat\ndata: {}\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Turns of the stream, at most a heartbeat apart, between two looks at its key.
RECHECK_EVERY = 5
StillGood = Callable[[], Awaitable[bool]]


class DocumentStream(Response):
    """``known``: the highest revision the subscriber has; of later documents the bodies are
    sent along. ``still_good``: whether it may go on reading."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, known: Revision, still_good: StillGood) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._feed = feed
        self._known = known
        self._still_good = still_good

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Stream until the subscriber goes, its key is revoked, or the feed is closed."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        woken = asyncio.Event()
        gone = asyncio.create_task(_disconnected(receive))
        gone.add_done_callback(lambda _: woken.set())
        self._feed.watch(woken)
        try:
            await self._run(woken, gone, send)
        finally:
            self._feed.forget(woken)
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _run(self, woken: asyncio.Event, gone: "asyncio.Task[None]", send: Send) -> None:
        seen: dict[DocumentName, Announced] = {}
        loop, turns = asyncio.get_running_loop(), 0
        while not (self._feed.closed or gone.done()):
            woken.clear()
            turns += 1
            if turns % RECHECK_EVERY == 0 and not await self._still_good():
                return
            data = self._news(seen) or HEARTBEAT
            await send({"type": "http.response.body", "body": data, "more_body": True})
            # A timer that only wakes costs a fraction of a timeout, and there is one a second
            # for every stream.
            timer = loop.call_later(HEARTBEAT_SECONDS, woken.set)
            await woken.wait()
            timer.cancel()

    def _news(self, seen: dict[DocumentName, Announced]) -> bytes:
        """Events of what is not in ``seen``, by revision; it is then."""
        fresh = [each for name, each in self._feed.documents.items() if seen.get(name) is not each]
        seen.update(self._feed.documents)
        fresh.sort(key=lambda each: each.header.revision)
        return b"".join(each.event(self._known) for each in fresh)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
