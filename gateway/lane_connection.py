"""One keep-alive HTTP/1.1 connection of a lane to a worker: one request in flight."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import httptools

if TYPE_CHECKING:
    from gateway.lane_worker import LaneWorker

MAX_ANSWER_BYTES = 64 * 1024 * 1024


class HttpAnswer:
    """Status, the headers this protocol needs, and the body."""

    __slots__ = ("body", "header_length", "location", "status")

    def __init__(self) -> None:
        self.status = 0
        self.header_length: str | None = None
        self.location: str | None = None
        self.body = b""


class LaneConnection(asyncio.Protocol):
    """Sends one request at a time; tells the lane when it is answered or lost."""

    def __init__(
        self,
        worker: "LaneWorker",
        infer_path: str,
        on_answer: Callable[["LaneConnection", HttpAnswer], None],
        on_lost: Callable[["LaneConnection"], None],
    ) -> None:
        self.worker = worker
        self.lost = asyncio.Event()
        "Set once the connection is gone."
        host = worker.address.host_header
        self._get = f"GET %s HTTP/1.1\r\nhost: {host}\r\nconnection: keep-alive\r\n\r\n"
        post = (
            f"POST {worker.address.base}{infer_path} HTTP/1.1\r\nhost: {host}\r\n"
            "connection: keep-alive\r\ncontent-type: "
        )
        self._binary = (
            f"{post}application/octet-stream\r\n"
            "inference-header-content-length: %d\r\ncontent-length: %d\r\n"
        )
        self._json = f"{post}application/json\r\ncontent-length: %d\r\n"
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._waiter: asyncio.Future[HttpAnswer] | None = None
        self._is_retired = False
        self._answer = HttpAnswer()
        self._chunks: list[bytes] = []
        self._size = 0

    def send_binary(self, parts: list[bytes], traceparent: bytes | None = None) -> None:
        """Write one infer request: JSON head, then the tensors' bytes."""
        start = (self._binary % (len(parts[0]), sum(map(len, parts)))).encode()
        self._write(b"".join((start, _end_of_head(traceparent), *parts)))

    def send_json(self, body: bytes, traceparent: bytes | None = None) -> None:
        """Write one infer request that is JSON alone."""
        start = (self._json % len(body)).encode()
        self._write(b"".join((start, _end_of_head(traceparent), body)))

    async def get(self, path: str) -> HttpAnswer:
        """Ask for ``path`` below the address; raises ConnectionError when the connection breaks."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._write((self._get % (self.worker.address.base + path)).encode())
        return await self._waiter

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._is_retired

    def close(self) -> None:
        """Close at once; a batch in flight is reported lost."""
        if self._transport is not None:
            self._transport.abort()

    def retire(self) -> None:
        """Close once the batch in flight is answered."""
        self._is_retired = True

    def _write(self, data: bytes) -> None:
        # A transport that is closing swallows the bytes and then reports the loss: one path.
        if self._transport is not None:
            self._transport.write(data)

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
        self.lost.set()
        if self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_exception(ConnectionResetError("the server closed the connection"))
        self._on_lost(self)

    # httptools callbacks
    def on_message_begin(self) -> None:
        """A new answer starts."""
        self._answer = HttpAnswer()
        self._chunks = []
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the headers that matter."""
        key = name.lower()
        if key == b"inference-header-content-length":
            self._answer.header_length = value.decode("latin-1")
        elif key == b"location":
            self._answer.location = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body, up to what a batch could ever need."""
        self._chunks.append(body)
        self._size += len(body)
        if self._size > MAX_ANSWER_BYTES:
            self.close()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        answer = self._answer
        answer.status = self._parser.get_status_code()
        answer.body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        if not self._parser.should_keep_alive():
            self._is_retired = True
        if self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(answer)
        else:
            self._on_answer(self, answer)
        if self._is_retired:
            self.close()


def _end_of_head(traceparent: bytes | None) -> bytes:
    return b"\r\n" if traceparent is None else b"traceparent: %b\r\n\r\n" % traceparent
