"""The gateway as an ASGI app: dispatch, limits, and the one place that renders errors."""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import structlog

from bentos.contract.errors import ContractError
from gateway import cold_routes, cors, storefront
from gateway.auth import SCOPE_INFER, Principal
from gateway.compression import ACCEPT_ENCODING, CONTENT_ENCODING, compress, decompress
from gateway.config import GatewayConfig
from gateway.errors import (
    BadRequest,
    GatewayError,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from gateway.header_lines import by_name
from gateway.predict import predict
from gateway.recovery import close_left_open
from gateway.reply import Reply, error_reply
from gateway.request_body import Receive, read_whole, too_large
from gateway.serving import Serving
from gateway.shadow_copy import ShadowCopy

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREDICT_PREFIX, PREDICT_SUFFIX = "/v1/models/", ":predict"
INFER_PREFIX, INFER_SUFFIX = "/v2/models/", "/infer"
INFER_FORM = "/v2/models/{model}[/versions/{version}]/infer"
TEND_S = 1.0
GC_THRESHOLD = 50_000
CLOSING_TURNS = 3


class HotCall(NamedTuple):
    """An inference call, as its path names it. ``kind`` is the protocol: predict or infer."""

    model: str
    pin: str | None
    kind: str


OTHER = HotCall("", None, "other")


class App:
    """Raw ASGI: no framework and no middleware stand on the hot routes."""

    def __init__(
        self, config: GatewayConfig, gateway: str, boot: str, feed: socket.socket | None = None
    ) -> None:
        """``feed``: where copies for shadows go; without one none are asked."""
        self._config = config
        self._feed = feed
        self._gateway = gateway
        self._boot = boot
        self._serving: Serving | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection event: a request, or the process's start and end."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    def drain(self) -> None:
        """Not ready any more; requests are answered as before."""
        if self._serving is not None:
            self._serving.draining = True

    # --- requests ---------------------------------------------------------------------
    def hot_call(self, path: str) -> HotCall | None:
        """Which inference call a path names; None for every other route."""
        if path.endswith(PREDICT_SUFFIX) and path.startswith(PREDICT_PREFIX):
            return HotCall(path[len(PREDICT_PREFIX) : -len(PREDICT_SUFFIX)], None, "predict")
        if path.endswith(INFER_SUFFIX) and path.startswith(INFER_PREFIX):
            name = path[len(INFER_PREFIX) : -len(INFER_SUFFIX)]
            model, separator, version = name.partition("/versions/")
            if "/" in model or "/" in version or (separator and not version):
                return None
            return HotCall(model, version or None, "infer")
        return None

    def caller_of(self, call: HotCall, headers: dict[bytes, bytes]) -> Principal:
        """Who calls, by the API key; raises GatewayError. Asked before the call is counted: only
        who may call can make an overload, keep one standing, or learn of one."""
        caller = self.serving.authenticator.authenticate(headers)
        caller.require(SCOPE_INFER, call.model)
        return caller

    async def answer_call(
        self, call: HotCall, headers: dict[bytes, bytes], body: bytes, caller: Principal
    ) -> Reply:
        """Answer an inference call whose body is whole; never raises."""
        serving = self.serving
        try:
            if len(body) > self._config.max_body_bytes:
                raise too_large(self._config.max_body_bytes, len(body))
            work = predict(
                serving,
                caller,
                call.model,
                call.pin,
                headers,
                body,
                open_protocol=call.kind == "infer",
            )
            del body
            reply = _packed(await work, headers)
        except Exception as error:  # noqa: BLE001 - every error becomes an answer, here and only here
            reply = self._failed(call.kind, error)
        return self._readable(reply, headers) if b"origin" in headers else reply

    def refuse_call(self, call: HotCall, headers: dict[bytes, bytes], error: GatewayError) -> Reply:
        """Answer an inference call that is not let in."""
        reply = self._failed(call.kind, error)
        return self._readable(reply, headers) if b"origin" in headers else reply

    def mirror(self, copy: ShadowCopy) -> None:
        """Take a copy of an answer that has left."""
        self.serving.shadow.mirror(copy)

    def refuse(self, error: GatewayError) -> Reply:
        """Answer what never became a request."""
        return self._failed("head", error)

    @property
    def config(self) -> GatewayConfig:
        """The gateway's settings."""
        return self._config

    @property
    def serving(self) -> Serving:
        """The running parts; there are none before the start."""
        assert self._serving is not None
        return self._serving

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        headers = by_name(scope["headers"])
        call, door = self.hot_call(path), storefront.door_of(path)
        try:
            if scope["method"] == "OPTIONS" and (call or door):
                reply = storefront.preflight(door, self.serving.authenticator.origins, headers)
            elif call is not None:
                _require(scope, "POST")
                packed = await self._whole(headers, receive)
                caller = self.caller_of(call, headers)  # nothing is unpacked for whoever may not
                body = self._unpacked(packed, headers)
                with self.serving.overload.taken(call.model):
                    reply = await self.answer_call(call, headers, body, caller)
            elif door is not None:
                reply = await self._door(door, scope, headers, receive)
            else:
                reply = await self._cold(scope["method"], path, headers, receive)
        except Exception as error:  # noqa: BLE001 - as above
            reply = self._failed((call or door or OTHER).kind, error)
            reply = self._readable(reply, headers) if call else reply
        if door is not None and scope["method"] != "OPTIONS":
            reply = storefront.readable(door, reply)
        await _send(send, reply)
        if reply.shadow is not None:
            self.mirror(reply.shadow)

    async def _door(
        self, door: storefront.Door, scope: Scope, headers: dict[bytes, bytes], receive: Receive
    ) -> Reply:
        packed = await self._whole(headers, receive)
        unpack = partial(self._unpacked, packed, headers)
        method, query = scope["method"], scope["query_string"]
        reply = await storefront.answer(self.serving, door, method, query, headers, unpack)
        return _packed(reply, headers)

    async def _cold(
        self, method: str, path: str, headers: dict[bytes, bytes], receive: Receive
    ) -> Reply:
        if path.endswith(INFER_SUFFIX):
            raise NotFound(f"path: expected {INFER_FORM}, got {path!r}")
        route, values = cold_routes.find(method, path)
        body = await self._body(headers, receive) if method == "POST" else b""
        return _packed(route.answer(self.serving, values, body), headers)

    def _readable(self, reply: Reply, headers: dict[bytes, bytes]) -> Reply:
        """The reply, with leave for the page that asked to read it if a key is for that page."""
        return cors.readable(reply, self.serving.authenticator.origins, headers.get(b"origin", b""))

    def _failed(self, kind: str, error: Exception) -> Reply:
        """The one place that turns errors into answers. ``kind`` is a low-cardinality label."""
        cause = None
        if isinstance(error, ContractError):
            cause, error = error, BadRequest(str(error))
        elif not isinstance(error, GatewayError):
            log.error("unexpected_error", path=kind, exc_info=error)
            error = InternalError("internal error: see the gateway's log")
        reason = error.reason if isinstance(error, Unauthorized) else ""
        self.serving.metrics.refuse(kind, error.status, reason)
        return error_reply(error, cause=cause)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, unpacked."""
        return self._unpacked(await self._whole(headers, receive), headers)

    async def _whole(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        config = self._config
        return await read_whole(headers, receive, config.max_body_bytes, config.body_timeout_s)

    def _unpacked(self, body: bytes, headers: dict[bytes, bytes]) -> bytes:
        encoding = headers.get(CONTENT_ENCODING)
        return decompress(body, encoding, self._config.max_body_bytes) if encoding else body

    # --- start and end ----------------------------------------------------------------
    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._start()
        except ContractError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        settle_collector()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> None:
        close_left_open(self._config.segments_path)
        self._serving = Serving(self._config, self._gateway, self._boot, self._feed)
        self._serving.store.load()
        self._serving.local_kill_file.look()
        self._tasks = [
            asyncio.create_task(self._serving.stream.run()),
            asyncio.create_task(self._serving.features.run()),
            asyncio.create_task(self._tend()),
            asyncio.create_task(self._serving.metrics.keep_published()),
            asyncio.create_task(self._serving.local_kill_file.watch()),
        ]

    async def _stop(self) -> None:
        assert self._serving is not None
        self.drain()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._serving.features.store.close()
        self._serving.close()
        # Connections that were being made or given up are closed in the turns that follow.
        for _ in range(CLOSING_TURNS):
            await asyncio.sleep(0)

    async def _tend(self) -> None:
        assert self._serving is not None
        while True:
            await asyncio.sleep(TEND_S)
            self._serving.log.tend()
            self._serving.shopify.look()


def settle_collector() -> None:
    """What is loaded now stays: the collector need not walk it again and again, and requests
    make no cycles, so it may look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


async def _send(send: Send, reply: Reply) -> None:
    headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _packed(reply: Reply, headers: dict[bytes, bytes]) -> Reply:
    accepted = headers.get(ACCEPT_ENCODING)
    return compress(reply, accepted) if accepted else reply


def _require(scope: Scope, method: str) -> None:
    if scope["method"] != method:
        raise MethodNotAllowed(scope["method"], [method])
