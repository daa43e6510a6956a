"""GET /openapi.json: the HTTP surface as an OpenAPI 3.1 document, from the published signatures.

Bodies of ``:predict`` come from the very types that decode them, so the document cannot promise
what the decoder refuses. Built when asked for: it is as current as the snapshot.
"""

from typing import Any

from gateway.metadata import SERVER_VERSION, Values, json_reply
from gateway.model_openapi import model_paths, model_schemas
from gateway.reply import Reply
from gateway.serving import Serving
from gateway.snapshot import Snapshot

Json = dict[str, Any]

DESCRIPTION = (
    "Inference calls go to the version of a model that its route names. "
    "Calls to predict and infer carry a caller's key; everything else needs none."
)
ERROR_SCHEMA: Json = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "field: expected …, got …"},
        "field": {"type": "string"},
        "expected": {"type": "string"},
        "got": {"type": "string"},
    },
}
# (path, what a GET answers, needs a model or version that may not be there)
_PLAIN = (
    ("/v2", "Name, version and extensions of the server", False),
    ("/v2/health/live", "Whether the process answers", False),
    ("/v2/health/ready", "Whether every stable version can be reached", True),
    ("/v2/models", "Names of the models", False),
    ("/v2/models/stats", "Statistics of every running version", False),
    ("/status", "Documents, lanes and counts of the worker that answers", False),
)
_PER_MODEL = (
    ("", "Inputs, outputs and running versions"),
    ("/ready", "Whether the model can be reached"),
    ("/config", "Triton's model configuration"),
    ("/stats", "Statistics of its running versions"),
)


def document(serving: Serving, _values: Values, _body: bytes) -> Reply:
    """GET /openapi.json."""
    return json_reply(describe(serving.snapshot))


def describe(snapshot: Snapshot) -> Json:
    """The whole document for what is published now."""
    paths: Json = {path: _get(summary, fails=fails) for path, summary, fails in _PLAIN}
    for suffix, summary in _PER_MODEL:
        paths[f"/v2/models/{{model}}{suffix}"] = _get(summary, "model", fails=True)
        paths[f"/v2/models/{{model}}/versions/{{version}}{suffix}"] = _get(
            f"{summary}, of one version", "model", "version", fails=True
        )
    paths["/v2/repository/index"] = _index()
    schemas: Json = {"Error": ERROR_SCHEMA}
    for view in snapshot.models.values():
        paths |= model_paths(view)
        schemas |= model_schemas(view, snapshot.attributes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signalbox", "version": SERVER_VERSION, "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "responses": {"Error": error_response()},
        },
    }


def error_response() -> Json:
    """Every error has this body, whatever its status."""
    return {
        "description": "What was expected, and what came",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _get(summary: str, *parameters: str, fails: bool) -> Json:
    responses: Json = {
        "200": {"description": summary, "content": {"application/json": {"schema": {}}}}
    }
    if fails:
        for status in ("404", "503") if parameters else ("503",):
            responses[status] = {"$ref": "#/components/responses/Error"}
    operation: Json = {"summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = [path_parameter(name) for name in parameters]
    return {"get": operation}


def path_parameter(name: str) -> Json:
    """A variable part of a path: any text without a slash."""
    schema = {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9._:-]+$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _index() -> Json:
    entry = {
        "type": "object",
        "required": ["name", "version", "state", "reason"],
        "properties": {
            "name": {"type": "string"},
            "version": {"type": "string"},
            "state": {"enum": ["READY", "UNAVAILABLE"]},
            "reason": {"type": "string"},
        },
    }
    return {
        "post": {
            "summary": "Every known version and whether it runs",
            "requestBody": {
                "required": False,
                "content": {
                    "application/json": {
                        "schema": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
                        "example": {"ready": True},
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "The index",
                    "content": {"application/json": {"schema": {"type": "array", "items": entry}}},
                },
                "400": {"$ref": "#/components/responses/Error"},
            },
        }
    }
