"""HTTP of the ingress: ``POST /webhooks``, health, metrics. Raw ASGI: a storm is no time for
frameworks.

Every delivery is answered within 5 s, after which Shopify counts a failure: what cannot be made
durable by then is told to come again (503). A 200 is only ever sent for what is on the disk.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.shopify import SignatureRefused, Why
from control_plane.shopify.delivery import Claims, claims_of
from control_plane.shopify.door import Door, NotReadyError
from control_plane.shopify.inbox_writer import BusyError, InboxWriter
from control_plane.shopify.metrics import OTHER, Metrics

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
BODY_S = 2.5
"""A body must have come by then."""
DURABLE_S = 1.5
"""And be on the disk by then: 4 s in all, of Shopify's five."""
MAX_HEADERS = 100
IN_FLIGHT_BYTES = 128 * 1024 * 1024
"""Of bodies that are being read at once."""
RETRY_S = 5
_RETRY = [(b"retry-after", str(RETRY_S).encode())]


class Refused(Exception):
    """``answer`` is the metric's label, ``why`` of those that nobody here signed."""

    def __init__(
        self, status: HTTPStatus, answer: str, detail: str, why: Why | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.answer = answer
        self.why = why


@dataclass
class App:
    """``ready`` says why nothing can be taken, or None."""

    door: Door
    writer: InboxWriter
    metrics: Metrics
    max_body: int
    ready: Callable[[], str | None]
    in_flight: int = 0
    is_off: bool = False
    _reading: set[asyncio.Timeout] = field(default_factory=set)

    def switch_off(self) -> None:
        """From now on 503 at once, also to whoever still sends a body: Shopify comes again.

        What has come whole is written and answered. Called in the loop's thread.
        """
        self.is_off = True
        for limit in self._reading:
            limit.reschedule(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        match (scope["method"], scope["path"]):
            case ("POST", "/webhooks"):
                await self._webhook(scope, receive, send)
            case ("GET", "/health/live"):
                await _answer(send, HTTPStatus.OK, {"status": "live"})
            case ("GET", "/health/ready"):
                await self._health(send)
            case ("GET", "/metrics"):
                await _send(send, 200, b"text/plain; version=0.0.4", self.metrics.page())
            case (_, "/webhooks" | "/health/live" | "/health/ready" | "/metrics"):
                await _problem(send, HTTPStatus.METHOD_NOT_ALLOWED, "another method is meant here")
            case _:
                await _problem(send, HTTPStatus.NOT_FOUND, "deliveries go to POST /webhooks")

    async def _health(self, send: Send) -> None:
        why = self.ready()
        if why is None:
            await _answer(send, HTTPStatus.OK, {"status": "ready"})
        else:
            await _problem(send, HTTPStatus.SERVICE_UNAVAILABLE, why)

    async def _webhook(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        topic = OTHER
        try:
            claims = _claims(scope["headers"])
            topic = claims.topic
            answer = await self._take(claims, scope, receive)
        except Refused as refused:
            self.metrics.delivery(topic, refused.answer)
            if refused.why is not None:
                self.metrics.refused(refused.why)
            await _problem(send, refused.status, str(refused))
        else:
            self.metrics.delivery(topic, answer)
            await _answer(send, HTTPStatus.OK, {"status": answer})
        self.metrics.answer_seconds.observe(time.perf_counter() - begun)

    async def _take(self, claims: Claims, scope: Scope, receive: Receive) -> str:
        if self.is_off or not self.writer.takes:
            raise _off()
        body = await self._body(scope, receive)
        try:
            delivery = self.door.admit(claims, body)
        except SignatureRefused as error:
            status = HTTPStatus.UNAUTHORIZED
            raise Refused(status, "unsigned", str(error), error.why) from None
        except NotReadyError:
            raise _unavailable("unready", "none of the app's secrets can be read") from None
        try:
            done = self.writer.take(delivery)
        except BusyError:
            raise _unavailable("busy", "too much waits for the disk") from None
        try:
            async with asyncio.timeout(DURABLE_S):
                fresh = await asyncio.wrap_future(done)
        except BusyError:
            raise _off() from None
        except TimeoutError:
            # It may yet be written: then the repetition is a duplicate.
            raise _unavailable("late", "the disk takes too long") from None
        except Exception as error:
            raise _unavailable("failed", f"not written: {type(error).__name__}") from error
        if not fresh:
            return "duplicate"
        if delivery.kept is not None:
            return "accepted"
        return "set_aside" if delivery.error else "ignored"

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        announced = _announced(scope["headers"])
        if announced > self.max_body:
            raise _too_large(self.max_body)
        claim = announced or self.max_body
        if self.in_flight + claim > IN_FLIGHT_BYTES:
            raise _unavailable("busy", "too many bodies are being read")
        self.in_flight += claim
        limit = asyncio.timeout(BODY_S)
        try:
            async with limit:
                self._reading.add(limit)
                return await _read(receive, self.max_body)
        except TimeoutError:
            if self.is_off:
                raise _off() from None
            detail = f"body: expected whole within {BODY_S} s, got a part"
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, "slow", detail) from None
        finally:
            self._reading.discard(limit)
            self.in_flight -= claim


async def _read(receive: Receive, limit: int) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(HTTPStatus.BAD_REQUEST, "broken_off", "body: it broke off")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _claims(headers: Headers) -> Claims:
    if len(headers) > MAX_HEADERS:
        detail = f"headers: expected at most {MAX_HEADERS}, got {len(headers)}"
        raise Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "malformed", detail)
    try:
        return claims_of(headers)
    except ContractError as error:
        status = HTTPStatus.UNAUTHORIZED
        raise Refused(status, "malformed", str(error), Why.MALFORMED) from None


def _announced(headers: Headers) -> int:
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 16 else 0
    return 0


def _too_large(limit: int) -> Refused:
    detail = f"body: expected at most {limit} bytes, got more"
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)


def _off() -> Refused:
    return _unavailable("off", "the ingress is switched off, or its inbox's writer has ended")


def _unavailable(answer: str, detail: str) -> Refused:
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, answer, detail)


async def _problem(send: Send, status: HTTPStatus, detail: str) -> None:
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail}
    extra = _RETRY if status == HTTPStatus.SERVICE_UNAVAILABLE else []
    await _send(send, status, b"application/problem+json", msgspec.json.encode(body), extra)


async def _answer(send: Send, status: HTTPStatus, body: dict[str, str]) -> None:
    await _send(send, status, b"application/json", msgspec.json.encode(body))


async def _send(
    send: Send, status: int, kind: bytes, body: bytes, extra: Headers | None = None
) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": int(status), "headers": headers + (extra or [])}
    )
    await send({"type": "http.response.body", "body": body})
