"""The gateway as an ASGI app: dispatch, limits, and the one place that renders errors."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

import structlog

from bentos.contract.errors import ContractError
from gateway import metadata
from gateway.config import GatewayConfig
from gateway.decision_log import close_left_open
from gateway.errors import (
    BadRequest,
    GatewayError,
    InternalError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
)
from gateway.predict import predict
from gateway.reply import Reply, error_reply
from gateway.serving import Serving

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PREDICT_PREFIX, PREDICT_SUFFIX = "/v1/models/", ":predict"
INFER_PREFIX, INFER_SUFFIX = "/v2/models/", "/infer"
ROTATE_CHECK_S = 1.0
GC_THRESHOLD = 50_000


class App:
    """Raw ASGI: no framework and no middleware stand on the hot routes."""

    def __init__(self, config: GatewayConfig, gateway: str, boot: str) -> None:
        self._config = config
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

    # --- requests ---------------------------------------------------------------------
    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        serving = self._serving
        assert serving is not None
        path: str = scope["path"]
        try:
            reply = await self._dispatch(serving, path, scope, receive)
        except ContractError as error:
            serving.metrics.refuse(_family(path), 400)
            reply = error_reply(BadRequest(str(error)), cause=error)
        except GatewayError as error:
            serving.metrics.refuse(_family(path), error.status)
            reply = error_reply(error)
        except Exception:
            log.exception("unexpected_error", path=_family(path))
            serving.metrics.refuse(_family(path), 500)
            reply = error_reply(InternalError("internal error: see the gateway's log"))
        await _send(send, reply)
        for copy in reply.shadows:
            serving.shadow.mirror(copy)

    async def _dispatch(self, serving: Serving, path: str, scope: Scope, receive: Receive) -> Reply:
        if path.endswith(PREDICT_SUFFIX) and path.startswith(PREDICT_PREFIX):
            _require(scope, "POST")
            model = path[len(PREDICT_PREFIX) : -len(PREDICT_SUFFIX)]
            headers = dict(scope["headers"])
            body = await self._body(headers, receive)
            return await predict(serving, model, None, headers, body, open_protocol=False)
        if path.endswith(INFER_SUFFIX) and path.startswith(INFER_PREFIX):
            _require(scope, "POST")
            model, pin = _model_and_version(path[len(INFER_PREFIX) : -len(INFER_SUFFIX)])
            headers = dict(scope["headers"])
            body = await self._body(headers, receive)
            return await predict(serving, model, pin, headers, body, open_protocol=True)
        _require(scope, "GET")
        return Reply(*metadata.answer(serving, path))

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        limit = self._config.max_body_bytes
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            raise TooLarge(f"body: expected at most {limit} bytes, got {declared.decode()}")
        chunks, size = [], 0
        try:
            async with asyncio.timeout(self._config.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise BadRequest("body: expected all of it, got a disconnect")
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > limit:
                        raise TooLarge(f"body: expected at most {limit} bytes, got more")
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        except TimeoutError:
            raise BadRequest(
                f"body: expected within {self._config.body_timeout_s:g} s, got only {size} bytes"
            ) from None

    # --- start and end ----------------------------------------------------------------
    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._start()
        except ContractError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        # What is loaded now stays: the collector need not walk it again and again, and
        # requests make no cycles, so it may look less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> None:
        close_left_open(self._config.segments_path, self._gateway)
        self._serving = Serving(self._config, self._gateway, self._boot)
        self._serving.store.load()
        self._tasks = [
            asyncio.create_task(self._serving.stream.run()),
            asyncio.create_task(self._rotate()),
        ]

    async def _stop(self) -> None:
        assert self._serving is not None
        self._serving.draining = True
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._serving.close()

    async def _rotate(self) -> None:
        assert self._serving is not None
        while True:
            await asyncio.sleep(ROTATE_CHECK_S)
            self._serving.log.rotate_if_due()


async def _send(send: Send, reply: Reply) -> None:
    headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _require(scope: Scope, method: str) -> None:
    if scope["method"] != method:
        raise MethodNotAllowed(f"method: expected {method}, got {scope['method']}")


def _model_and_version(text: str) -> tuple[str, str | None]:
    model, separator, version = text.partition("/versions/")
    if "/" in model or "/" in version or (separator and not version):
        raise NotFound(
            f"path: expected /v2/models/{{model}}[/versions/{{version}}]/infer, got {text!r}"
        )
    return model, version or None


def _family(path: str) -> str:
    """A low-cardinality label: never the caller's text."""
    if path.endswith(PREDICT_SUFFIX):
        return "predict"
    return "infer" if path.endswith(INFER_SUFFIX) else "other"
