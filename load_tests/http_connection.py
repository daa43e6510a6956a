"""One keep-alive connection of a load generator: at most one request in flight."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from load_tests.http_answer import HEAD_END, Answer, AnswerShape, answer_size, parse_answer

ASK_SECONDS = 20.0

OnAnswer = Callable[["Connection", bytes], None]
OnLost = Callable[["Connection", str], None]


@dataclass(frozen=True)
class Target:
    """Where the requests go: ``host`` and ``port``, or the Unix socket ``path``."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str | None = None


class Connection(asyncio.Protocol):
    """Sends a request, hands on the whole answer.

    ``on_answer`` gets the connection and the answer's bytes; ``on_lost`` the connection and
    whether a request was in flight.
    """

    __slots__ = ("_buffer", "_on_answer", "_on_lost", "_shape", "in_flight", "sent_ns", "transport")

    def __init__(
        self,
        shape: AnswerShape,
        on_answer: OnAnswer,
        on_lost: OnLost,
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.in_flight = False
        # Whoever sends sets it: when the request left, or when it should have.
        self.sent_ns = 0
        self._shape = shape
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._buffer = b""

    async def open(self, target: Target) -> None:
        """Connect; raises OSError."""
        loop = asyncio.get_running_loop()
        if target.path is not None:
            await loop.create_unix_connection(lambda: self, target.path)
        else:
            await loop.create_connection(lambda: self, target.host, target.port)

    def send(self, request: bytes) -> None:
        """Write one request; the answer to the last one has come."""
        assert self.transport is not None
        self.in_flight = True
        self.transport.write(request)

    def close(self) -> None:
        """Close without a word; nothing is in flight any more."""
        self.in_flight = False
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once connected."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with bytes of the answer; the last ones complete it."""
        buffer = self._buffer + data if self._buffer else data
        if not self._shape.fits(buffer):
            size = answer_size(buffer)
            if size is None or len(buffer) < size:
                self._buffer = buffer
                return
            if len(buffer) > size:
                raise ValueError(f"more than the answer came: {buffer[size:][:80]!r}")
            self._shape.learn(buffer)
        self._buffer = b""
        self.in_flight = False
        self._on_answer(self, buffer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the connection is gone."""
        self.transport = None
        if self.in_flight:
            self.in_flight = False
            self._on_lost(self, f"connection lost: {exc}")


def render_request(
    path: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> bytes:
    """The bytes of one POST request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        f"content-type: {content_type}",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + HEAD_END + body


async def ask(target: Target, request: bytes) -> Answer:
    """Send one request over a connection of its own; the whole answer.

    Raises OSError or TimeoutError when none comes.
    """
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def lost(_: Connection, what: str) -> None:
        answered.set_exception(ConnectionError(what))

    connection = Connection(AnswerShape(), lambda _, answer: answered.set_result(answer), lost)
    async with asyncio.timeout(ASK_SECONDS):
        await connection.open(target)
        connection.send(request)
        try:
            return parse_answer(await answered)
        finally:
            connection.close()
