"""Reading one answer of the GraphQL endpoint: pure, from bytes to an outcome.

https://shopify.dev/docs/api/usage/response-codes; captured answers are in the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bentos.shopify_admin.bucket import Reading
from bentos.shopify_admin.errors import (
    AccessDenied,
    Refused,
    ShopClosed,
    ShopifyError,
    TooExpensive,
    Unauthorized,
)
from bentos.shopify_admin.transport import Reply

LOCKED_S = 60.0
SECURITY_S = 30.0
BUSY_S = 1.0
"Shopify recommends a second after a 429 that names no time."
MAX_RETRY_AFTER_S = 600.0
SHOWN_ERRORS = 3
SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Good:
    """Data without errors."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not run: the bucket did not hold it (THROTTLED at HTTP 200)."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Not run: the whole app is to leave the shop alone so long (429, 430, 423)."""

    what: str
    seconds: float
    error: ShopifyError | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """May have been run or not: 5xx, or something that is no answer."""

    what: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Will not get better by asking again. ``unauthorized``: a new token may help."""

    error: ShopifyError


Outcome = Good | Throttled | Closed | Broken | Failed


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome, what was charged for, and what the bucket held."""

    outcome: Outcome
    requested: float | None = None
    reading: Reading | None = None


def read(reply: Reply) -> Answer:
    """Read an answer of the endpoint."""
    if reply.status != 200:
        return Answer(_of_status(reply))
    try:
        said = msgspec.json.decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Answer(Broken("HTTP 200 without JSON"))
    if not isinstance(said, dict):
        return Answer(Broken("HTTP 200 without an object"))
    extensions = _mapping(said.get("extensions"))
    cost = _mapping(extensions.get("cost"))
    requested = _number(cost.get("requestedQueryCost"))
    return Answer(_of_body(said, extensions), requested, _reading(cost))


def _of_status(reply: Reply) -> Outcome:  # noqa: PLR0911 - one line a status
    status, what = reply.status, f"HTTP {reply.status}"
    if status == 429:
        return Closed(f"{what}, too many requests", _retry_after(reply, BUSY_S))
    if status == 430:
        return Closed(f"{what}, a request Shopify's security holds back", SECURITY_S)
    if status == 423:
        hint = "Too many requests over the limit, or a matter of the account: look in the admin."
        closed = ShopClosed("The shop is locked (423)", hint, 423)
        return Closed(f"{what}, locked", _retry_after(reply, LOCKED_S), closed)
    if status == 401:
        hint = "Connect the shop again: python -m training shop connect."
        return Failed(Unauthorized(f"Shopify does not take the token (401): {_said(reply)}", hint))
    if status == 402:
        return Failed(ShopClosed("The shop is frozen (402)", "Its bill is to be paid.", 402))
    if status == 403:
        return Failed(_forbidden(reply))
    if status == 404:
        hint = "Check the domain, and that Shopify still answers this API version."
        return Failed(ShopClosed("No such shop or API version (404)", hint, 404))
    if status >= 500 or status == 408:
        return Broken(what)
    return Failed(Refused(f"{what}: {_said(reply)}", [str(status)]))


def _forbidden(reply: Reply) -> ShopifyError:
    said = _said(reply)
    if "xpiring" in said:
        hint = "Connect the shop with a token that expires (docs/shopify-client.md)."
        return Unauthorized(f"Shopify no longer takes tokens that never expire: {said}", hint)
    hint = "Give the app the access it asks for, and let the merchant approve it."
    return AccessDenied(f"The app may not do this on the shop (403): {said}", hint)


def _of_body(said: Mapping[str, Any], extensions: Mapping[str, Any]) -> Outcome:
    errors, data = said.get("errors"), said.get("data")
    if isinstance(errors, str):
        errors = [{"message": errors}]
    if isinstance(errors, list) and errors:
        return _of_errors([_mapping(each) for each in errors], data)
    if not isinstance(data, dict):
        return Broken("HTTP 200 without data")
    ignored = [
        f"{warning.get('field')}: {warning.get('message')}"
        for search in _list(extensions.get("search"))
        for warning in map(_mapping, _list(_mapping(search).get("warnings")))
    ]
    if ignored:
        # Shopify leaves such a filter out and returns everything.
        what = f"The search was not understood: {_cut('; '.join(ignored))}"
        return Failed(Refused(what, ["SEARCH_WARNING"], ignored))
    return Good(data)


def _of_errors(errors: list[Mapping[str, Any]], data: Any) -> Outcome:
    codes = [str(_mapping(each.get("extensions")).get("code") or "") for each in errors]
    texts = _cut("; ".join(str(each.get("message")) for each in errors[:SHOWN_ERRORS]))
    if "THROTTLED" in codes:
        return Throttled()
    if "MAX_COST_EXCEEDED" in codes:
        detail = _mapping(errors[codes.index("MAX_COST_EXCEEDED")].get("extensions"))
        cost = _number(detail.get("cost")) or 0.0
        return Failed(TooExpensive(texts, "Ask for smaller pages or fewer fields.", cost))
    denied = [
        each
        for each, code in zip(errors, codes, strict=True)
        if code == "ACCESS_DENIED" or "not approved to access" in str(each.get("message"))
    ]
    if denied:
        required = str(_mapping(denied[0].get("extensions")).get("requiredAccess") or "")
        hint = "Give the app this access, and let the merchant approve it."
        return Failed(AccessDenied(texts, hint, required))
    if "INTERNAL_SERVER_ERROR" in codes or "TIMEOUT" in codes:
        return Broken(f"HTTP 200 with {', '.join(filter(None, codes))}")
    whole = data if isinstance(data, dict) else None
    return Failed(Refused(texts, list(filter(None, codes)), errors, whole))


def user_errors(data: Mapping[str, Any]) -> Refused | None:
    """What a mutation's payload complains of, as an error."""
    found = [
        _mapping(error)
        for payload in data.values()
        for error in _list(_mapping(payload).get("userErrors"))
    ]
    if not found:
        return None
    texts = "; ".join(str(each.get("message")) for each in found[:SHOWN_ERRORS])
    codes = [str(each["code"]) for each in found if each.get("code")]
    return Refused(_cut(texts), codes, found, dict(data))


def _reading(cost: Mapping[str, Any]) -> Reading | None:
    status = _mapping(cost.get("throttleStatus"))
    figures = [_number(status.get(name)) for name in ("currentlyAvailable", "maximumAvailable")]
    available, capacity = figures
    rate = _number(status.get("restoreRate"))
    if available is None or not capacity or not rate or capacity < 0 or rate < 0:
        return None
    return Reading(_number(cost.get("actualQueryCost")) or 0.0, available, capacity, rate)


def _retry_after(reply: Reply, otherwise: float) -> float:
    try:
        said = float(reply.headers.get("Retry-After", ""))
    except ValueError:
        return otherwise
    return min(max(said, 0.0), MAX_RETRY_AFTER_S) if said == said else otherwise  # noqa: PLR0124


def _said(reply: Reply) -> str:
    try:
        said = msgspec.json.decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return f"{len(reply.body)} bytes without JSON"
    errors = said.get("errors", said.get("error")) if isinstance(said, dict) else None
    return _cut(str(errors))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if good else None


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
