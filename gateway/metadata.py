"""Open Inference Protocol v2: health, and metadata of the server, its models and versions."""

from collections.abc import Mapping
from importlib.metadata import version as installed_version
from typing import Any

import msgspec

from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from gateway.errors import Unavailable
from gateway.reply import Reply
from gateway.serving import Serving
from gateway.versions import lane_of, running, short, view_of

JSON = [(b"content-type", b"application/json")]
# Only what is implemented: clients take an extension listed here at its word.
EXTENSIONS = (
    "binary_tensor_data",
    "parameters",
    "model_repository",
    "model_configuration",
    "statistics",
)
PLATFORM = "onnx_onnxv1"
SERVER_VERSION = installed_version("signalbox")

Values = Mapping[str, str]
"""What stood in the variable parts of a path: model, version."""


def server(_serving: Serving, _values: Values, _body: bytes) -> Reply:
    """GET /v2."""
    return json_reply({"name": "signalbox", "version": SERVER_VERSION, "extensions": EXTENSIONS})


def live(_serving: Serving, _values: Values, _body: bytes) -> Reply:
    """GET /v2/health/live: the event loop turns."""
    return json_reply({"live": True})


def ready(serving: Serving, _values: Values, _body: bytes) -> Reply:
    """GET /v2/health/ready: every route's stable version can answer; never asks canaries."""
    problem = serving.not_ready()
    if problem is not None:
        raise Unavailable(problem)
    return json_reply({"ready": True})


def models(serving: Serving, _values: Values, _body: bytes) -> Reply:
    """GET /v2/models: KServe's list of names."""
    return json_reply({"models": sorted(serving.snapshot.models)})


def model(serving: Serving, values: Values, _body: bytes) -> Reply:
    """GET /v2/models/{model}[/versions/{version}]."""
    snapshot, name = serving.snapshot, values["model"]
    view = view_of(snapshot, name)
    tags = running(snapshot, name)
    if "version" in values:
        tags = [lane_of(snapshot, name, values["version"]).version]
    return json_reply(describe(view.signature, [short(tag) for tag in tags]))


def model_ready(serving: Serving, values: Values, _body: bytes) -> Reply:
    """GET /v2/models/{model}[/versions/{version}]/ready; without a version, the stable one's."""
    snapshot, name = serving.snapshot, values["model"]
    view_of(snapshot, name)
    routes = snapshot.routes
    assert routes is not None
    if "version" in values:
        lane = lane_of(snapshot, name, values["version"])
    elif name in routes.models:
        lane = lane_of(snapshot, name, routes.stable_of(name))
    else:
        raise Unavailable(f"model: expected a published route of {name!r}, got none yet")
    if not lane.reachable:
        raise Unavailable(f"model: no worker of {lane.version!r} can be reached")
    return json_reply({"name": name, "ready": True})


def describe(signature: ModelSignature, versions: list[str]) -> dict[str, Any]:
    """Model metadata of the Open Inference Protocol; -1 is a variable dimension."""
    return {
        "name": signature.model,
        "versions": versions,
        "platform": PLATFORM,
        "inputs": [_tensor(spec) for spec in signature.inputs],
        "outputs": [_tensor(spec) for spec in signature.outputs],
    }


def json_reply(value: Any) -> Reply:
    """200 with a JSON body."""
    return Reply(200, JSON, msgspec.json.encode(value))


def _tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": spec.datatype.value, "shape": [-1, *spec.shape]}
