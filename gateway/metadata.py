"""The cold routes: Open Inference Protocol metadata and health, /metrics, /status."""

from typing import Any

import msgspec

from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from gateway.errors import NotFound, Unavailable
from gateway.serving import Serving

JSON = [(b"content-type", b"application/json")]
TEXT = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
EXTENSIONS = ["binary_tensor_data", "parameters"]
PLATFORM = "onnx_onnxv1"

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def answer(serving: Serving, path: str) -> Answer:
    """Answer a GET; raises NotFound or Unavailable."""
    if path in ("/v2", "/v2/"):
        return _json({"name": "signalbox", "version": "2", "extensions": EXTENSIONS})
    if path == "/v2/health/live":
        return 200, JSON, b""
    if path == "/v2/health/ready":
        problem = serving.not_ready()
        if problem is not None:
            raise Unavailable(problem)
        return 200, JSON, b""
    if path == "/metrics":
        return 200, TEXT, serving.metrics.expose()
    if path == "/status":
        return _json(serving.status())
    if path.startswith("/v2/models/"):
        return _model(serving, path.removeprefix("/v2/models/"))
    raise NotFound(f"path: expected a route of this gateway, got {path!r}")


def _model(serving: Serving, rest: str) -> Answer:
    model, *parts = rest.split("/")
    snapshot = serving.snapshot
    view = snapshot.models.get(model)
    if view is None:
        raise NotFound(f"model: expected one of {sorted(snapshot.models)}, got {model!r}")
    versions = [
        tag.partition(":")[2]
        for tag, owner in snapshot.model_of.items()
        if owner == model and tag in snapshot.lanes
    ]
    if parts[:1] == ["versions"] and len(parts) > 1:
        if parts[1] not in versions:
            raise NotFound(f"version: expected one of {versions}, got {parts[1]!r}")
        versions, parts = [parts[1]], parts[2:]
    if not parts:
        return _json(describe(view.signature, versions))
    if parts == ["ready"]:
        if not any(snapshot.lanes[f"{model}:{version}"].reachable for version in versions):
            raise Unavailable(f"model: no worker of {model!r} can be reached")
        return _json({"name": model, "ready": True})
    raise NotFound(f"path: expected /v2/models/{{model}}[/ready], got {rest!r}")


def describe(signature: ModelSignature, versions: list[str]) -> dict[str, Any]:
    """Model metadata of the Open Inference Protocol; -1 is a variable dimension."""
    return {
        "name": signature.model,
        "versions": versions,
        "platform": PLATFORM,
        "inputs": [_tensor(spec) for spec in signature.inputs],
        "outputs": [_tensor(spec) for spec in signature.outputs],
    }


def _tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype.value, "shape": [-1, *spec.shape]}


def _json(value: Any) -> Answer:
    return 200, JSON, msgspec.json.encode(value)
