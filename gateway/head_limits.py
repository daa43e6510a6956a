"""A request's head has a size, a number of headers and a time in which it comes.

uvicorn bounds none of them: a connection that sends a byte a minute, or headers without end,
would be kept for as long as it likes. Bodies have their bounds in ``app.py``. A whole call in
one read (``hot_protocol.py``) never gets here.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.errors import (
    BadRequest,
    GatewayError,
    HeadersTooLarge,
    RequestTimeout,
    UriTooLong,
)
from gateway.reply import render

if TYPE_CHECKING:
    from gateway.app import App

MAX_URL_BYTES = 8192


class HeadLimits(HttpToolsProtocol):
    """One connection whose heads are bounded. ``gateway`` is the App."""

    gateway: "App"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limits = self.gateway.config
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._refusal: GatewayError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection has the time of one head to say anything at all."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self._limits.head_timeout_s, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse. What does not end a head that was begun before counts towards its size."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        if self._head_bytes > self._limits.max_head_bytes:
            self._refuse(_too_large(self._limits.max_head_bytes, "more"))
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.head_timeout_s, self._late)

    # --- the parser's callbacks ---------------------------------------------------------
    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole. An exception here stops the parser, and ``send_400_response`` is
        what uvicorn then calls."""
        self._in_head = False
        self._stop_waiting()
        self._refusal = self._problem()
        if self._refusal is not None:
            raise self._refusal
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or more of it than is taken, and end the connection."""
        self._refuse(self._refusal or BadRequest(f"request: expected HTTP/1.1, got: {msg}"))

    # --- bounds -----------------------------------------------------------------------------
    def has_spoken(self) -> bool:
        """Whether a request ever came through here."""
        return self.cycle is not None

    def _problem(self) -> GatewayError | None:
        limits, url = self._limits, len(self.url)
        if url > MAX_URL_BYTES:
            return UriTooLong(f"url: expected at most {MAX_URL_BYTES} bytes, got {url}")
        count = len(self.headers)
        if count > limits.max_headers:
            return HeadersTooLarge(f"headers: expected at most {limits.max_headers}, got {count}")
        size = url + sum([len(name) + len(value) for name, value in self.headers])
        if size > limits.max_head_bytes:
            return _too_large(limits.max_head_bytes, size)
        return self._lost_body() if self.parser.should_upgrade() else None

    def _lost_body(self) -> BadRequest | None:
        """An offer of another protocol is not taken up (RFC 9110 §7.8). But the parser reads what
        follows such a head as that protocol's: a body would be lost."""
        headers = dict(self.headers)
        if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
            return None
        offered = headers[b"upgrade"].decode("latin-1")[:100]
        return BadRequest(f"header Upgrade: expected none beside a body, got {offered!r}")

    def _late(self) -> None:
        self._head_timer = None
        if self._in_head:
            seconds = self._limits.head_timeout_s
            self._refuse(RequestTimeout(f"head: expected within {seconds:g} s, got part of it"))
        elif not self.has_spoken():
            self.transport.close()

    def _refuse(self, error: GatewayError) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        error.closes = True
        self.transport.write(render(self.gateway.refuse(error), close=False))
        self.transport.close()

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _too_large(limit: int, got: object) -> HeadersTooLarge:
    return HeadersTooLarge(f"head: expected at most {limit} bytes, got {got}")
