"""Compares what a control plane answers with what its OpenAPI document says of it.

Every client of the tests does so with every answer (``conftest.Plane.client``): whatever a test is
about, an answer with a member that is not described, or without one that is, fails it.
"""

from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from fastapi import FastAPI

from control_plane.app import ROUTERS
from control_plane.openapi.document import install
from control_plane.router import Route

JSON = "application/json"
_ROUTES = [each for router in ROUTERS for each in router.routes if isinstance(each, Route)]


@cache
def make_document() -> dict[str, Any]:
    """As it is served."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    install(app, ROUTERS)
    return app.openapi()


def operation_of(request: httpx.Request) -> tuple[str, str] | None:
    """Path and method as the document names them; None for what is not of it."""
    for route in _ROUTES:
        if request.method in route.methods and route.path_regex.match(request.url.path):
            return route.path, request.method.lower()
    return None


def check(answer: httpx.Response) -> None:
    """Raise AssertionError unless a success is described, and is as described."""
    operation = operation_of(answer.request)
    kind = answer.headers.get("content-type", "")
    if operation is None or not answer.is_success or kind != JSON:
        return
    if not answer.read():
        return
    validator = _validator(*operation, answer.status_code)
    wrong = [
        f"{each.instance_path}: {each.message}" for each in validator.iter_errors(answer.json())
    ]
    assert not wrong, f"{operation} answers otherwise than described: {wrong[:3]}"


@cache
def _validator(path: str, method: str, status: int) -> jsonschema_rs.Draft202012Validator:
    document = make_document()
    answers = document["paths"][path][method]["responses"]
    assert str(status) in answers, f"{method} {path} answers {status}, which is not described"
    schema = answers[str(status)].get("content", {}).get(JSON, {}).get("schema", {})
    return jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]})
