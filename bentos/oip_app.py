"""The tensor lane of a bento: Open Inference Protocol v2 over one ONNX graph, as raw ASGI.

A service makes one ``OipApp`` at module level, mounts it with ``@bentoml.asgi_app(app,
path="/v2")`` and binds its model when it is instantiated, so that BentoML's routes and the
lane share one session. ``bentos.worker`` serves the same app outside BentoML's middleware.

The content type of a request is ignored: Triton's client sends none.
"""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.features import FeatureSchema
from bentos.contract.oip import InferRequest, InferResponse
from bentos.oip_tensor import from_array, to_array
from bentos.oip_timeout import TIMEOUT, TooLateError, Turns, check_time_left
from bentos.onnx_model import ARRAY_DTYPES, OnnxModel

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, bytes, Headers]

PREFIX = "/v2"
SERVER_NAME = "signalbox-bento"
PLATFORM = "onnx_onnxv1"
EXTENSIONS = ["binary_tensor_data"]
MAX_BODY_BYTES = 64 * 1024 * 1024
WARM_ROWS = (1, 32)
WARM_ROUNDS = 3

logger = logging.getLogger("signalbox.oip")

_HEADER_LENGTH = oip.HEADER_LENGTH.encode()
_CONTENT_TYPE = b"content-type"
_JSON_TYPE = (_CONTENT_TYPE, oip.JSON_CONTENT_TYPE.encode())
_BINARY_TYPE = (_CONTENT_TYPE, oip.BINARY_CONTENT_TYPE.encode())


class BodyTooLargeError(ContractError):
    """A request body beyond MAX_BODY_BYTES."""


class OipApp:
    """ASGI application for the predictor endpoints of one model.

    ``schema`` gives the model's name and what to warm up with. Until ``bind`` the app is
    live but not ready (503). Paths are matched whole, ``/v2`` included.
    """

    def __init__(self, schema: FeatureSchema) -> None:
        self.schema = schema
        self.name = schema.model
        self.version: str | None = None
        self.model: OnnxModel | None = None
        self._gets: dict[str, Callable[[], Answer]] = {
            PREFIX: self._server_metadata,
            f"{PREFIX}/": self._server_metadata,
            f"{PREFIX}/health/live": _empty,
            f"{PREFIX}/health/ready": self._server_ready,
        }
        self._infer_paths: frozenset[str] = frozenset()
        self._turns = Turns()

    def bind(self, model: OnnxModel, version: str) -> None:
        """Attach the session, check that it takes what the schema packs, warm up, be ready.

        ``version`` is the tag's part after the colon. Raises ContractError on a mismatch.
        """
        _check_tensors(self.schema, model)
        self.version, self.model = version, model
        bases = (f"{PREFIX}/models/{self.name}", f"{PREFIX}/models/{self.name}/versions/{version}")
        for base in bases:
            self._gets[base] = self._model_metadata
            self._gets[f"{base}/ready"] = self._model_ready
        self._infer_paths = frozenset(f"{base}/infer" for base in bases)
        for rows in WARM_ROWS:
            body, head_length = self.example_request(rows)
            for _ in range(WARM_ROUNDS):
                self.infer(body, head_length)

    def example_request(self, rows: int) -> tuple[bytes, str | None]:
        """A binary infer request of the schema's defaults: (body, JSON length header)."""
        inputs = [
            from_array(name, _datatype(self.schema, name), array, binary=True)
            for name, array in default_feeds(self.schema, rows).items()
        ]
        request = InferRequest(inputs=inputs, parameters={oip.BINARY_OUTPUT_ALL: True})
        body, length = oip.encode(request)
        return body, None if length is None else str(length)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; errors are ``{"error": "..."}``."""
        if scope["type"] != "http":
            raise ContractError("scope.type", "http", scope["type"])
        status, body, headers = await self._answer(scope, receive)
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if self.takes(path):
            if method != "POST":
                return _method_not_allowed("POST")
            arrived = time.monotonic()
            try:
                content, header_length = await _read(scope["headers"], receive)
            except ContractError as error:
                return _error(413 if isinstance(error, BodyTooLargeError) else 400, str(error))
            return self.answer(content, header_length, arrived)
        get = self._gets.get(path)
        if get is not None:
            return get() if method == "GET" else _method_not_allowed("GET")
        if self.model is None and path.startswith(f"{PREFIX}/models/{self.name}"):
            return _error(503, f"model {self.name} is not ready")
        return _error(404, f"no such path or model: {path}")

    def takes(self, path: str) -> bool:
        """Whether ``path`` is this model's infer endpoint; none is until ``bind``."""
        return path in self._infer_paths

    def answer(
        self, body: bytes, header_length: str | None, arrived: float | None = None
    ) -> Answer:
        """``infer`` with every error turned into an answer: never raises."""
        try:
            return self.infer(body, header_length, arrived)
        except TooLateError as error:
            return _error(504, str(error))
        except ContractError as error:
            return _error(400, str(error))
        except Exception:
            logger.exception("inference failed")
            return _error(500, "inference failed")

    def infer(self, body: bytes, header_length: str | None, arrived: float | None = None) -> Answer:
        """Run one request body; raises ContractError for what the caller got wrong.

        ``arrived`` is when the request began to arrive, in ``time.monotonic`` seconds; without
        it, when the first request of this turn of the event loop was looked at. What is past
        its ``timeout`` by then is dropped: TooLateError.
        """
        model = self.model
        if model is None:
            return _error(503, f"model {self.name} is not ready")
        request = oip.decode_request(body, header_length)
        if TIMEOUT in request.parameters:
            began = self._turns.began() if arrived is None else arrived
            check_time_left(request.parameters[TIMEOUT], began)
        feeds = {}
        for index, tensor in enumerate(request.inputs):
            field = f"inputs[{index}] {tensor.name!r}"
            if tensor.name in feeds:
                raise ContractError(field, "each input once", tensor.name)
            feeds[tensor.name] = to_array(tensor, field)
        answers = model.run(feeds)
        response = InferResponse(
            model_name=self.name,
            model_version=self.version or msgspec.UNSET,
            id=request.id,
            outputs=[
                from_array(
                    name,
                    model.output_types[name],
                    answers[name],
                    binary=oip.wants_binary(request, name),
                )
                for name in _wanted(request, model)
            ],
        )
        content, length = oip.encode(response)
        if length is None:
            return 200, content, [_JSON_TYPE]
        return 200, content, [_BINARY_TYPE, (_HEADER_LENGTH, b"%d" % length)]

    def _server_metadata(self) -> Answer:
        return _json({"name": SERVER_NAME, "version": "1", "extensions": EXTENSIONS})

    def _server_ready(self) -> Answer:
        return _error(503, "not ready") if self.model is None else _empty()

    def _model_ready(self) -> Answer:
        return _json({"name": self.name, "ready": True})

    def _model_metadata(self) -> Answer:
        model = self.model
        if model is None:
            return _error(503, f"model {self.name} is not ready")
        return _json(
            {
                "name": self.name,
                "versions": [self.version],
                "platform": PLATFORM,
                "inputs": _describe(model.inputs, model.input_shapes),
                "outputs": _describe(model.output_types, model.output_shapes),
            }
        )


def default_feeds(schema: FeatureSchema, rows: int) -> dict[str, Any]:
    """The schema's defaults as arrays of [rows, width], by tensor name."""
    feeds: dict[str, Any] = {}
    for block in schema.tensors():
        row = [
            np.nan if feature.default is None else feature.default
            for feature in block.features
            for _ in range(feature.width)
        ]
        feeds[block.name] = np.tile(np.array(row).astype(ARRAY_DTYPES[block.datatype]), (rows, 1))
    return feeds


def _datatype(schema: FeatureSchema, tensor: str) -> Datatype:
    return next(block.datatype for block in schema.tensors() if block.name == tensor)


def _check_tensors(schema: FeatureSchema, model: OnnxModel) -> None:
    packed = {block.name: block.datatype for block in schema.tensors()}
    if packed != model.inputs:
        raise ContractError(f"ONNX inputs of {schema.model}", f"{packed}", model.inputs)


def _wanted(request: InferRequest, model: OnnxModel) -> tuple[str, ...]:
    if request.outputs is msgspec.UNSET:
        return model.outputs
    names = tuple(wanted.name for wanted in request.outputs)
    for index, name in enumerate(names):
        if name not in model.output_types:
            raise ContractError(f"outputs[{index}].name", f"one of {sorted(model.outputs)}", name)
    return names


def _describe(
    datatypes: dict[str, Datatype], shapes: dict[str, tuple[int, ...]]
) -> list[dict[str, Any]]:
    return [
        {"name": name, "datatype": kind, "shape": shapes[name]} for name, kind in datatypes.items()
    ]


async def _read(headers: Headers, receive: Receive) -> tuple[bytes, str | None]:
    """The whole body and the JSON length header, refusing early what is too large."""
    header_length: str | None = None
    for name, value in headers:
        if name == _HEADER_LENGTH:
            header_length = value.decode("latin-1")
        elif name == b"content-length" and int(value) > MAX_BODY_BYTES:
            raise BodyTooLargeError("body", f"at most {MAX_BODY_BYTES} bytes", int(value))
        elif name == b"content-encoding" and value not in (b"", b"identity"):
            raise ContractError("header content-encoding", "none", value.decode("latin-1"))
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body, header_length
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ContractError("body", "a whole body", "a closed connection")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise BodyTooLargeError("body", f"at most {MAX_BODY_BYTES} bytes", size)
    return b"".join(parts), header_length


def _json(value: Any) -> Answer:
    return 200, msgspec.json.encode(value), [_JSON_TYPE]


def _empty() -> Answer:
    return 200, b"", []


def _error(status: int, text: str) -> Answer:
    return status, msgspec.json.encode({"error": text}), [_JSON_TYPE]


def _method_not_allowed(allowed: str) -> Answer:
    status, body, headers = _error(405, "Method Not Allowed")
    return status, body, [*headers, (b"allow", allowed.encode())]
