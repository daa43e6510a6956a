"""HTTP of the storefront's doors: each makes an ordinary predict call of what came in.

    GET, POST /proxy/{model}    through Shopify's app proxy, signed in the query string
    POST /checkout/{model}      from a checkout extension, with a session token

Who is bucketed is the browser, by the id the page gives itself; ``logged_in_customer_id`` is
never read, so login changes nothing (contract §1).
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from bentos.contract.errors import ContractError
from gateway import cors, liquid
from gateway.auth import SCOPE_INFER, Principal
from gateway.errors import MethodNotAllowed
from gateway.predict import predict
from gateway.reply import Reply
from gateway.serving import Serving

PROXY, CHECKOUT = "proxy", "checkout"
_PREFIXES = ((PROXY, "/proxy/"), (CHECKOUT, "/checkout/"))
_METHODS = {PROXY: ("GET", "POST"), CHECKOUT: ("POST",)}
BROWSER_ID = "browser_id"
_FORMATS = ("json", "liquid")
_NO_STORE = (b"cache-control", b"no-store")
_Members = dict[str, msgspec.Raw]
_members: msgspec.json.Decoder[_Members] = msgspec.json.Decoder(_Members)
_raw: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)
# A caller with no rows of its own asks for what the model says by default.
_ONE_EMPTY_ROW = msgspec.Raw(b"[{}]")


class Door(NamedTuple):
    """Which door a path is of, and which model is asked there."""

    kind: str
    model: str


def door_of(path: str) -> Door | None:
    """The door a path names, None for every other path."""
    for kind, prefix in _PREFIXES:
        model = path.removeprefix(prefix)
        if model != path and model and "/" not in model:
            return Door(kind, model)
    return None


async def answer(
    serving: Serving,
    door: Door,
    method: str,
    query: bytes,
    headers: dict[bytes, bytes],
    unpack: Callable[[], bytes],
) -> Reply:
    """Answer one call through a door; raises GatewayError or ContractError. ``unpack`` gives the
    body: nothing is unpacked for whoever may not come in."""
    if method not in _METHODS[door.kind]:
        raise MethodNotAllowed(method, _METHODS[door.kind])
    if door.kind == CHECKOUT:
        caller = serving.shopify.checkout(headers.get(b"authorization"))
        return await _predict(serving, caller, door.model, headers, unpack())
    caller, call = serving.shopify.proxy(query.decode("latin-1"), time.time())
    as_liquid = _wants_liquid(call.parameters, headers)
    body = _proxy_body(call.parameters, unpack() if method == "POST" else None)
    reply = await _predict(serving, caller, door.model, headers, body)
    reply = structs.replace(reply, headers=[*reply.headers, _NO_STORE])
    return liquid.render(reply, door.model) if as_liquid and reply.status == 200 else reply


async def _predict(
    serving: Serving, caller: Principal, model: str, headers: dict[bytes, bytes], body: bytes
) -> Reply:
    caller.require(SCOPE_INFER, model)
    with serving.overload.taken(model):
        return await predict(serving, caller, model, None, headers, body, open_protocol=False)


def preflight(
    door: Door | None, origins: frozenset[bytes], headers: Mapping[bytes, bytes]
) -> Reply:
    """Answer an OPTIONS, without a key: only which pages may call is told.

    ``door`` None is the API, open to the pages of publishable keys (``origins``). Raises
    Forbidden for other pages, MethodNotAllowed where a page needs no leave.
    """
    if door is not None and door.kind == PROXY:
        raise MethodNotAllowed("OPTIONS", _METHODS[PROXY])
    return cors.preflight(None if door else origins, headers.get(b"origin", b""))


def readable(door: Door, reply: Reply) -> Reply:
    """The reply with what lets a page read it: any page at the checkout, none at the proxy."""
    return reply if door.kind == PROXY else cors.readable(reply, None, b"")


def _wants_liquid(
    parameters: Mapping[str, tuple[str, ...]], headers: Mapping[bytes, bytes]
) -> bool:
    wanted = _text(parameters, "format")
    if wanted is None:
        return liquid.CONTENT_TYPE in headers.get(b"accept", b"").lower()
    if wanted not in _FORMATS:
        raise ContractError("parameter format", f"one of {list(_FORMATS)}", wanted)
    return wanted == "liquid"


def _proxy_body(parameters: Mapping[str, tuple[str, ...]], body: bytes | None) -> bytes:
    """The predict body of a proxy call: rows from the body or, by GET, from parameters."""
    if body is None:
        members: _Members = {"instances": _ONE_EMPTY_ROW}
        for name in ("instances", "attributes"):
            text = _text(parameters, name)
            if text is not None:
                members[name] = _json(text, f"parameter {name}")
    else:
        members = _decoded(body)
    for member, name in (("targeting_key", BROWSER_ID), ("consent", "consent")):
        if member in members:
            raise ContractError(f"body.{member}", f"none: it is the parameter {name}", "one")
        text = _text(parameters, name)
        if text is not None:
            members[member] = msgspec.Raw(msgspec.json.encode(text))
    return msgspec.json.encode(members)


def _text(parameters: Mapping[str, tuple[str, ...]], name: str) -> str | None:
    values = parameters.get(name, ())
    if len(values) > 1:
        raise ContractError(f"parameter {name}", "at most one", len(values))
    if not values:
        return None
    try:
        values[0].encode()
    except UnicodeEncodeError as error:
        raise ContractError(f"parameter {name}", "UTF-8 text", "other bytes") from error
    return values[0]


def _json(text: str, field: str) -> msgspec.Raw:
    try:
        return _raw.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ContractError(field, "JSON", str(error)) from error


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        return _members.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("body", '{"instances": [{…}]}', str(error)) from error
