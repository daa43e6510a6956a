"""Errors in the OpenAPI document: one shape, and which of them an operation may answer with."""

from typing import Any

from control_plane.router import Route

Json = dict[str, Any]
MEDIA_TYPE = "application/problem+json"
PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457. Further members say more, where an error's description names them.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "The kind of error, for programs too."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong and what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "expected", "got", "hint"],
                "properties": {
                    name: {"type": "string"} for name in ("field", "expected", "got", "hint")
                },
            },
        },
    },
}
# status → (what it means, title and detail of an example)
_MEANING = {
    400: ("The request cannot be read.", "Malformed request", "body: expected JSON"),
    401: ("No key or session, or none that is good.", "Unauthorized", "send a key, or sign in"),
    403: (
        "Not the caller's to do; recorded.",
        "Forbidden",
        "this takes the permission releases:write",
    ),
    404: ("No such thing.", "Not found", "no release 01990000"),
    409: (
        "Refused by a rule or changed meanwhile; or a key's change goes on, or showed a secret.",
        "Refused by policy",
        "it has no live approval by another person",
    ),
    412: ("Changed since it was read: `If-Match` is another.", "Changed meanwhile", "read it anew"),
    413: ("The body is longer than 8 MiB.", "Body too large", "at most 8388608 bytes are taken"),
    422: (
        "A field is wrong, or an `Idempotency-Key` came with another request.",
        "Invalid input",
        "reason: expected a value, got nothing",
    ),
    428: (
        "The change must name a revision.",
        "Precondition required",
        "send If-Match or expected_revision",
    ),
    429: ("Too many failures.", "Too many attempts", "try again in 30 s"),
    503: (
        "Not now; `Retry-After` says when.",
        "Database unavailable",
        "the database is busy or away",
    ),
}

# Of which there is one, or none yet.
_MAY_BE_MISSING = {
    "/api/v1/register/checkpoint",
    "/api/v1/session/oidc",
    "/api/v1/session/oidc/callback",
}
# Wrong ones are counted, and make whoever tries wait.
_ASK_FOR_A_PASSWORD = {("/api/v1/session", "post"), ("/api/v1/session/password", "put")}


def responses(route: Route, method: str, *, guarded: bool) -> Json:
    """The errors of an operation, by status."""
    parameters = {each.alias for each in route.dependant.header_params}
    statuses = {400, 422, 503}
    if guarded:
        statuses |= {401, 403}
    if route.dependant.path_params or route.path in _MAY_BE_MISSING:
        statuses.add(404)
    if method != "get":
        statuses |= {404, 409}
    if route.body_field is not None:
        statuses.add(413)
    if "if-match" in {name.lower() for name in parameters}:
        statuses |= {412, 428}
    if (route.path, method) in _ASK_FOR_A_PASSWORD:
        statuses |= {401, 403, 429}
    return {str(status): _response(status) for status in sorted(statuses)}


def _response(status: int) -> Json:
    meaning, title, detail = _MEANING[status]
    field = {"field": "reason", "expected": "a value", "got": "nothing", "hint": ""}
    example = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [field] if status == 422 else [],
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": meaning, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}
