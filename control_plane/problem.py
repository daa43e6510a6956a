"""Every error becomes application/problem+json here (RFC 9457), and denials become events."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bentos.contract.errors import ContractError, shorten
from bentos.contract.register import Action
from control_plane import problem_page
from control_plane.denials import record_denial, route_template
from control_plane.envelope import REQUEST_ID
from control_plane.errors import (
    ControlPlaneError,
    StaleError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
)
from control_plane.idempotency.service import ReplayedError
from control_plane.metrics import Metrics
from control_plane.parts import parts_of

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
PRECONDITION_FAILED = 412
UNPROCESSABLE = 422
FieldError = dict[str, str]


def install(app: FastAPI) -> None:
    """Register the one handler for everything an endpoint may raise."""
    for kind in (ControlPlaneError, ContractError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(ReplayedError, answer_again)
    app.add_exception_handler(Exception, crash)


def answer(request: Request, error: Exception) -> Response:
    """Render an expected error; record it first if it is a denial."""
    if problem_page.is_wanted(request) and isinstance(error, ControlPlaneError):
        _answer(request, error)
        return problem_page.problem_page(error.status, error.title, error.detail)
    return _answer(request, error)


def answer_again(request: Request, error: Exception) -> Response:
    """What a write was answered when it was carried out."""
    assert isinstance(error, ReplayedError)
    parts_of(request).metrics.replayed()
    return error.response


def _answer(request: Request, error: Exception) -> JSONResponse:
    error = _too_large(error) or error
    if isinstance(error, ControlPlaneError):
        error = _recorded(request, error)
        # What If-Match did not meet is 412 (RFC 9110 §13.1.1), whoever noticed.
        unmet = isinstance(error, StaleError) and "if-match" in request.headers
        status = PRECONDITION_FAILED if unmet else error.status
        more = error.members
        return problem(status, error.title, error.detail, headers=_headers(error), members=more)
    if isinstance(error, ContractError):
        return problem(UNPROCESSABLE, "Invalid input", str(error), [_contract_field(error)])
    if isinstance(error, RequestValidationError):
        return _invalid_request(error)
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), str(error.detail), headers=error.headers)


def _recorded(request: Request, error: ControlPlaneError) -> ControlPlaneError:
    """The error itself, once it is in the register; else why it could not be entered."""
    if not error.recorded:
        return error
    parts = parts_of(request)
    parts.metrics.denied(error.status)
    if isinstance(error, UnauthorizedError):
        _count_proof(parts.metrics, request)
    try:
        record_denial(parts.database, parts.strangers, request, error)
    except UnavailableError as unavailable:
        return unavailable
    return error


def _count_proof(metrics: Metrics, request: Request) -> None:
    """Which proof of who one is was no good; none at all is no failure to sign in."""
    action, _ = getattr(request.state, "attempt", (None, ""))
    if action is Action.SESSION_CREATE:
        metrics.not_signed_in("provider" if problem_page.is_wanted(request) else "password")
    elif "authorization" in request.headers:
        metrics.not_signed_in("key")


def _headers(error: ControlPlaneError) -> dict[str, str]:
    if error.retry_after_s is not None:
        return {"Retry-After": str(error.retry_after_s)}
    return {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}


def crash(request: Request, error: Exception) -> JSONResponse:
    """An error of ours: logged whole, told to the caller without its insides.

    It may have happened before any route was matched, even before a request had its id.
    """
    request_id = getattr(request.state, "request_id", None)
    log.error("request failed", path=route_template(request), request_id=request_id, exc_info=error)
    # Made outside the envelope, which names every other answer.
    headers = {REQUEST_ID: request_id} if request_id else None
    detail = "the control plane failed; its log says why"
    return problem(500, "Internal error", detail, headers=headers)


def problem(
    status: int,
    title: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Any = None,
    members: Mapping[str, Any] = MappingProxyType({}),
) -> JSONResponse:
    """The one shape of an error."""
    body = {
        **members,
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": _text(detail),
        "errors": [{name: _text(value) for name, value in each.items()} for each in errors],
    }
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def _text(value: str) -> str:
    """Names of fields come from the caller and may hold halves of characters."""
    return value.encode("utf-8", "backslashreplace").decode()


def _too_large(error: Exception) -> TooLargeError | None:
    """FastAPI takes whatever stops it from reading a body for a body that is malformed."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, TooLargeError):
        inner = inner.__cause__ or inner.__context__
    return inner


def _invalid_request(error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        detail = f"body: expected JSON, got what cannot be read: {found[0]['ctx']['error']}"
        field = {"field": "body", "expected": "JSON", "got": "malformed", "hint": detail}
        return problem(400, "Malformed request", detail, [field])
    errors = [_discreet(_field_error(each)) for each in found]
    first = errors[0]
    detail = f"{first['field']}: expected {first['expected']}, got {first['got']}"
    return problem(UNPROCESSABLE, "Invalid input", detail, errors)


def _contract_field(error: ContractError, within: str = "") -> FieldError:
    field = f"{within}.{error.field}" if within else error.field
    return {"field": field, "expected": error.expected, "got": error.got, "hint": error.hint}


def _discreet(error: FieldError) -> FieldError:
    """What was sent as a password is not sent back."""
    if error["field"].endswith("password") and error["got"] != "nothing":
        return error | {"got": "something that is not shown"}
    return error


def _field_error(found: dict[str, Any]) -> FieldError:
    where, *path = found["loc"]
    name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    inner = found.get("ctx", {}).get("error")
    if isinstance(inner, ContractError):
        return _contract_field(inner, name)
    if found["type"] == "missing":
        return {"field": name or where, "expected": "a value", "got": "nothing", "hint": ""}
    if found["type"] == "extra_forbidden":
        hint = "The field is not known here."
        return {"field": name, "expected": "no such field", "got": name, "hint": hint}
    expected = found["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return {
        "field": name or where,
        "expected": expected,
        "got": shorten(found.get("input")),
        "hint": "",
    }
