"""``python -m load_tests.propagation.subscribers PORT KEY_FILE COUNT``: streams that only listen.

A process of its own, so that its work is not the prober's. Says ``listening`` once every
stream has had its snapshot; exits when one of them ends.
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

HOST = "127.0.0.1"
AT_ONCE = 50


class Subscriber(asyncio.Protocol):
    """One open stream; counts what comes and keeps nothing."""

    def __init__(self, request: bytes, ended: asyncio.Event) -> None:
        self.heard = asyncio.Event()
        self._request = request
        self._ended = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        # uvloop's transports are no asyncio.Transport but in name.
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """The first event says that the stream is open."""
        if b"event: " in data:
            self.heard.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """A stream should stay."""
        self._ended.set()


async def subscribe(port: int, key: str, count: int) -> None:
    """Open ``count`` streams, a few at a time, and listen until one ends."""
    request = (
        f"GET /gateway/v1/documents HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer {key}\r\n\r\n"
    ).encode()
    loop, ended, turn = asyncio.get_running_loop(), asyncio.Event(), asyncio.Semaphore(AT_ONCE)

    async def open_one() -> None:
        async with turn:
            subscriber = Subscriber(request, ended)
            await loop.create_connection(lambda: subscriber, HOST, port)
            await subscriber.heard.wait()

    await asyncio.gather(*(open_one() for _ in range(count)))
    print("listening", flush=True)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(subscribe(int(sys.argv[1]), Path(sys.argv[2]).read_text().strip(), int(sys.argv[3])))
    sys.exit("a stream ended")
