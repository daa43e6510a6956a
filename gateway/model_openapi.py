"""One model's part of the OpenAPI document: its two protocols, with examples that work."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bentos.contract.attributes import AttributeType
from bentos.contract.identity import MAX_TARGETING_KEY_BYTES
from bentos.contract.signature import ModelSignature, OutputSpec
from gateway.example_row import example_row, example_value
from gateway.snapshot import ModelView

Json = dict[str, Any]

_REF = "#/components/schemas/"
_FACTS: Json = {
    "decision_id": {"type": ["string", "null"], "description": "null when it was not recorded"},
    "model_version": {"type": "string"},
    "variant": {"type": "string"},
    "reason": {"type": "string"},
    "revision": {"type": "string"},
    "logged": {"type": "boolean"},
}
_ERRORS = ("400", "401", "403", "404", "413", "415", "429", "503", "504")
_EXAMPLE_FACTS: Json = {
    "decision_id": "0198c0de-7d3a-7000-8000-000000000001",
    "variant": "stable",
    "reason": "STATIC",
    "revision": "1.42",
    "logged": True,
}


def model_paths(view: ModelView) -> Json:
    """The model's paths: ``:predict``, and ``/infer`` with and without a version."""
    model = view.signature.model
    infer = _infer(view.signature)
    versioned = {
        **infer,
        "summary": f"{infer['summary']}, by one version (scope pin)",
        "parameters": [
            {"name": "version", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
    }
    return {
        f"/v1/models/{model}:predict": {"post": _predict(view.signature)},
        f"/v2/models/{model}/infer": {"post": infer},
        f"/v2/models/{model}/versions/{{version}}/infer": {"post": versioned},
    }


def model_schemas(view: ModelView, attributes: Mapping[str, AttributeType]) -> Json:
    """Schemas the model's paths refer to. Those of requests come from the decoder's own type."""
    signature = view.signature
    _, schemas = msgspec.json.schema_components(
        [view.body_decoder.type], ref_template=f"{_REF}{{name}}"
    )
    body = schemas[f"{signature.model}_predict"]["properties"]
    body["targeting_key"] = {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": MAX_TARGETING_KEY_BYTES,
        "description": "Who is bucketed; at most 200 bytes of UTF-8",
    }
    body["attributes"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": kind.value} for name, kind in attributes.items()},
    }
    body["instances"] |= {"minItems": 1}
    row = schemas[f"{signature.model}_row"]["properties"]
    for spec in signature.inputs:
        if spec.description:
            row[spec.name]["description"] = spec.description
    schemas[f"{signature.model}_predictions"] = _predictions(signature)
    schemas[f"{signature.model}_infer"] = _infer_request(signature)
    return schemas


def _predict(signature: ModelSignature) -> Json:
    model = signature.model
    example = {"targeting_key": "browser-7f3a", "instances": [example_row(signature)]}
    answer = {
        "predictions": [{spec.name: example_value(spec) for spec in signature.outputs}],
        "model_version": f"{model}:20261122-1a2b3c4d",
        **_EXAMPLE_FACTS,
    }
    return _operation(
        f"Predict with {model}: named values in, predictions out",
        _content(f"{model}_predict", example),
        _content(f"{model}_predictions", answer),
    )


def _infer(signature: ModelSignature) -> Json:
    model = signature.model
    row = example_row(signature)
    request = {
        "parameters": {"targeting_key": "browser-7f3a"},
        "inputs": [
            {
                "name": spec.name,
                "shape": [1, len(row[spec.name])] if spec.shape else [1],
                "datatype": spec.datatype.value,
                "data": row[spec.name] if spec.shape else [row[spec.name]],
            }
            for spec in signature.inputs
            if spec.name in row
        ],
    }
    answer = {"application/json": {"schema": {"type": "object", "required": ["outputs"]}}}
    return _operation(
        f"Infer with {model}: Open Inference Protocol v2, JSON or binary tensors",
        _content(f"{model}_infer", request),
        {**answer, "application/octet-stream": {"schema": {}}},
    )


def _operation(summary: str, request: Json, answer: Json) -> Json:
    errors = {status: {"$ref": "#/components/responses/Error"} for status in _ERRORS}
    return {
        "summary": summary,
        "security": [{"key": []}],
        "requestBody": {"required": True, "content": request},
        "responses": {"200": {"description": "The answer", "content": answer}, **errors},
    }


def _content(schema: str, example: Json) -> Json:
    return {"application/json": {"schema": {"$ref": f"{_REF}{schema}"}, "example": example}}


def _predictions(signature: ModelSignature) -> Json:
    row = {
        "type": "object",
        "required": [spec.name for spec in signature.outputs],
        "properties": {spec.name: _output(spec) for spec in signature.outputs},
    }
    return {
        "type": "object",
        "required": ["predictions", *_FACTS],
        "properties": {"predictions": {"type": "array", "items": row}, **_FACTS},
    }


def _output(spec: OutputSpec) -> Json:
    kinds = {"BYTES": "string", "BOOL": "boolean"}
    number = "number" if spec.datatype.value.startswith("FP") else "integer"
    schema: Json = {"type": kinds.get(spec.datatype.value, number)}
    for length in reversed(spec.shape):
        schema = {"type": "array", "items": schema, "minItems": length, "maxItems": length}
    return {**schema, "description": spec.description} if spec.description else schema


def _infer_request(signature: ModelSignature) -> Json:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"enum": [spec.name for spec in signature.inputs]},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
            "datatype": {"enum": sorted({spec.datatype.value for spec in signature.inputs})},
            "parameters": {"type": "object"},
            "data": {"type": "array"},
        },
    }
    wanted = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"enum": [spec.name for spec in signature.outputs]},
            "parameters": {"type": "object"},
        },
    }
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "items": tensor, "minItems": 1},
            "outputs": {"type": "array", "items": wanted},
        },
    }
