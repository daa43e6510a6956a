"""One keep-alive HTTP/1.1 connection of a lane to a bento worker: one batch in flight."""

import asyncio
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import httptools

CONNECT_TIMEOUT_S = 2.0
UNIX_PREFIX = "unix:"


class HttpAnswer:
    """Status, the header this protocol needs, and the body."""

    __slots__ = ("body", "header_length", "status")

    def __init__(self) -> None:
        self.status = 0
        self.header_length: str | None = None
        self.body = b""


class LaneConnection(asyncio.Protocol):
    """Sends one request at a time; tells the lane when it is answered or lost."""

    def __init__(
        self,
        path: str,
        on_answer: Callable[["LaneConnection", HttpAnswer], None],
        on_lost: Callable[["LaneConnection"], None],
    ) -> None:
        self.address = ""
        self._head = (
            f"POST {path} HTTP/1.1\r\nhost: bento\r\nconnection: keep-alive\r\n"
            "inference-header-content-length: %d\r\ncontent-length: %d\r\n\r\n"
        )
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._retired = False
        self._answer = HttpAnswer()
        self._chunks: list[bytes] = []

    def send(self, head: bytes, blobs: list[bytes]) -> None:
        """Write one infer request: JSON head, then the tensors' bytes."""
        assert self._transport is not None
        size = len(head) + sum(map(len, blobs))
        start = (self._head % (len(head), size)).encode()
        self._transport.write(b"".join((start, head, *blobs)))

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._retired

    def close(self) -> None:
        """Close at once; an in-flight batch is reported lost."""
        if self._transport is not None:
            self._transport.abort()

    def retire(self) -> None:
        """Close once the batch in flight is answered."""
        self._retired = True

    # asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with bytes of the answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Called by asyncio when the connection is gone."""
        self._transport = None
        self._on_lost(self)

    # httptools callbacks
    def on_message_begin(self) -> None:
        """A new answer starts."""
        self._answer = HttpAnswer()
        self._chunks = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one header that matters."""
        if name.lower() == b"inference-header-content-length":
            self._answer.header_length = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body."""
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        answer = self._answer
        answer.status = self._parser.get_status_code()
        answer.body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        if not self._parser.should_keep_alive():
            self._retired = True
        self._on_answer(self, answer)
        if self._retired:
            self.close()


async def connect(connection: LaneConnection, address: str) -> None:
    """Connect to ``unix:/path`` or ``http://host:port``; raises OSError or TimeoutError."""
    loop = asyncio.get_running_loop()
    connection.address = address
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        if address.startswith(UNIX_PREFIX):
            path = address.removeprefix(UNIX_PREFIX)
            await loop.create_unix_connection(lambda: connection, path)
            return
        parts = urlsplit(address)
        await loop.create_connection(lambda: connection, parts.hostname or "", parts.port or 80)
