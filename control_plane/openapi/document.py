"""FastAPI's document, with what holds for every operation: tags, proofs of who one is, errors in
one shape, the headers of keyed changes and of pages, and examples that were really answered.

A new route has all of it from the first day but its example, which a test asks for.
"""

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant

from control_plane.openapi import errors
from control_plane.openapi.errors import Json
from control_plane.people import cookies
from control_plane.router import Route

EXAMPLES = Path(__file__).with_name("examples.json")
TAGS = {
    "access-review": ("people", "Persons, their roles, keys and sessions."),
    "attributes": ("models", "Models, their versions and targeting attributes."),
    "callers": ("callers", "Keys of those who call the gateway, and Shopify apps."),
    "consents": ("consents", "What the merchant consented to, and which customers are left out."),
    "decisions": ("decisions", "What was decided, and why."),
    "exclusions": ("consents", ""),
    "redactions": ("law requests", "Who asks what is held, or to be forgotten, and until when."),
    "features": ("outsiders", "GrowthBook's SDKs and OpenFeature's clients."),
    "fleet": ("machines", "For gateways and fleets."),
    "follow": ("follow", "Routes that come from an upstream GrowthBook."),
    "freezes": ("freezes", "Windows in which nothing goes forward."),
    "gateway": ("machines", ""),
    "health": ("health", "Alive, and ready."),
    "keys": ("people", ""),
    "kills": ("kills", "Models forced onto a version, and the reviews that follow."),
    "lake": ("decisions", ""),
    "lint": ("releases", "Moving models between versions."),
    "models": ("models", ""),
    "nights": ("nights", "What the nightly runs of training came to."),
    "ofrep": ("outsiders", ""),
    "people": ("people", ""),
    "register": ("register", "Everything that was changed or refused, with proofs."),
    "release-groups": ("releases", ""),
    "releases": ("releases", ""),
    "reviews": ("kills", ""),
    "sdk-keys": ("outsiders", ""),
    "segments": ("register", ""),
    "services": ("people", ""),
    "session": ("people", ""),
    "shopify-apps": ("callers", ""),
    "sub": ("outsiders", ""),
    "versions": ("models", ""),
    "webhook-deliveries": ("webhooks", ""),
    "webhook-types": ("webhooks", ""),
    "webhooks": ("webhooks", "What the register records, told to whoever subscribed."),
}
KEY, SESSION, SDK_KEY = "apiKey", "session", "sdkKey"
SCHEMES: Json = {
    KEY: {"type": "http", "scheme": "bearer", "description": "`sbx_<id>_<secret>`."},
    SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.SESSION,
        "description": "A browser's; changes must come from a page of the same origin.",
    },
    SDK_KEY: {"type": "http", "scheme": "bearer", "description": "`sdk-…`, for OFREP."},
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The change's own name, e.g. a new UUID: sent again, it is not done again.",
    # Visible ASCII, and what a structured field's quotes leave of it.
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-\\[\\]-~]+$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
REPLAYED: Json = {
    "description": "`true`: it was done before, and this is what was answered then.",
    "schema": {"type": "string"},
}
LINK: Json = {
    "description": 'The following page, `rel="next"`, while there is one (RFC 8288).',
    "schema": {"type": "string"},
}


def install(app: FastAPI, routers: tuple[APIRouter, ...]) -> None:
    """Serve the document of these routers' routes."""
    made = app.openapi
    routes = [route for each in routers for route in each.routes if isinstance(route, Route)]

    @cache
    def document() -> Json:
        return describe(made(), routes)

    app.openapi = document  # type: ignore[method-assign]


def describe(document: Json, routes: list[Route]) -> Json:
    """The document, completed in place."""
    document["info"] = {
        "title": "Signalbox control plane",
        "version": version("signalbox"),
        "description": "Versions, releases, people, the register. See docs/api.md.",
    }
    examples = json.loads(EXAMPLES.read_text())
    for route in routes:
        for method in map(str.lower, route.methods or ()):
            operation = document["paths"].get(route.path, {}).get(method)
            if operation is not None:
                _complete(operation, route, method)
                _exemplify(operation, examples.get(f"{method.upper()} {route.path}", {}))
    told = {name: text for name, text in TAGS.values() if text}
    document["tags"] = [{"name": name, "description": told[name]} for name in sorted(told)]
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = errors.PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def tag_of(path: str) -> str:
    """What a path is filed under; raises KeyError for a subject nobody has named yet."""
    parts = path.removeprefix("/api").removeprefix("/v1").strip("/").split("/")
    return TAGS[parts[0]][0]


def is_guarded(dependant: Dependant) -> bool:
    """Whether one of ``control_plane.auth``'s guards, or a stream's own, stands before it."""
    call = getattr(dependant.call, "__qualname__", "")
    module = getattr(dependant.call, "__module__", "")
    guard = module == "control_plane.auth" and call.startswith("allow")
    return guard or any(map(is_guarded, dependant.dependencies))


def _complete(operation: Json, route: Route, method: str) -> None:
    # RST's marks of code are Markdown's, but for their number.
    text = " ".join((route.endpoint.__doc__ or "").replace("``", "`").split())
    operation["summary"] = text.partition(". ")[0].partition("; ")[0].rstrip(".")[:120]
    operation["description"] = text
    operation["tags"] = [tag_of(route.path)]
    operation["security"] = _security(route)
    ok = [answer for status, answer in operation["responses"].items() if status < "400"]
    if route.takes_key:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    for answer in ok:
        answer["description"] = "Done." if method != "get" else "As asked."
        headers = answer.setdefault("headers", {})
        if route.takes_key:
            headers["Idempotency-Replayed"] = REPLAYED
        if route.is_paged:
            headers["Link"] = LINK
        if not headers:
            del answer["headers"]
    operation["responses"].pop("422", None)
    operation["responses"] |= _errors(route, method)


def _errors(route: Route, method: str) -> Json:
    if tag_of(route.path) == "outsiders" and not route.path.startswith("/api/v1"):
        # In the shapes of those protocols: docs/outsiders.md.
        return {"4XX": {"description": "In the protocol's own shape."}}
    return errors.responses(route, method, guarded=bool(_security(route)))


def _security(route: Route) -> list[Json]:
    if route.path.startswith("/ofrep/"):
        return [{SDK_KEY: []}] if route.path != "/ofrep/v1/stream" else []
    if route.path.startswith(("/gateway/", "/fleet/")):
        return [{KEY: []}]
    return [{KEY: []}, {SESSION: []}] if is_guarded(route.dependant) else []


def _exemplify(operation: Json, example: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and "request" in example:
        body["example"] = example["request"]
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if status < "400" and content is not None and "response" in example:
            content["example"] = example["response"]
