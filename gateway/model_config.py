"""Triton's model configuration, derived from a model's signature (extension_model_configuration).

Only what has a meaning here is filled in: names, types, shapes, the most rows of one request.
"""

from typing import Any

from bentos.contract.datatype import Datatype
from bentos.contract.signature import InputSpec, OutputSpec
from gateway.metadata import PLATFORM, Values, json_reply
from gateway.reply import Reply
from gateway.serving import Serving
from gateway.versions import lane_of, view_of

_TEXT = "TYPE_STRING"


def config(serving: Serving, values: Values, _body: bytes) -> Reply:
    """GET /v2/models/{model}[/versions/{version}]/config."""
    snapshot, name = serving.snapshot, values["model"]
    signature = view_of(snapshot, name).signature
    if "version" in values:
        lane_of(snapshot, name, values["version"])
    return json_reply(
        {
            "name": name,
            "platform": PLATFORM,
            "backend": "signalbox",
            "max_batch_size": serving.config.max_rows,
            "input": [
                {**_tensor(spec), "optional": not spec.required} for spec in signature.inputs
            ],
            "output": [_tensor(spec) for spec in signature.outputs],
        }
    )


def _tensor(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    # One value a row still has a dimension here: Triton has no tensors without any.
    text = spec.datatype is Datatype.BYTES
    return {
        "name": spec.name,
        "data_type": _TEXT if text else f"TYPE_{spec.datatype.value}",
        "dims": list(spec.shape) or [1],
    }
