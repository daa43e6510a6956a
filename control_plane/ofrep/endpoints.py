"""OFREP 0.3 (github.com/open-feature/protocol): one flag, all flags, and when to ask again.

Keys are the SDK keys, as ``Authorization: Bearer`` or ``X-API-Key``. Browsers may ask from
anywhere: a public key lies readable in a theme.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bentos.contract.attributes import AttributeType
from control_plane.db import ReadSession
from control_plane.errors import UnavailableError
from control_plane.growthbook import frames, service
from control_plane.growthbook.models import SdkKeyRow
from control_plane.ofrep.channel import find_by_ticket, ticket
from control_plane.ofrep.context import RefusedError, read_context
from control_plane.ofrep.evaluation import FLAG_NOT_FOUND, evaluate_all, evaluate_flag, failure
from control_plane.ofrep.route import OfrepRoute
from control_plane.parts import Parts, Running
from control_plane.publish.archive import load_served
from control_plane.publish.etag import conditional_json
from control_plane.registry.service import attribute_types

router = APIRouter(prefix="/ofrep/v1", route_class=OfrepRoute)
KEEP_ALIVE_SECONDS = 15.0
INACTIVITY_S = 120
MIN_POLL_MS = 30_000
HEADERS = {
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag",
}
PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, X-API-Key, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
BODY = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"context": {"type": "object"}}},
                "example": {"context": {"targetingKey": "shopper-1", "country": "DE"}},
            }
        }
    }
}
CONFIGURATION = {
    "name": "signalbox",
    "capabilities": {
        "cacheInvalidation": {"polling": {"enabled": True, "minPollingIntervalMs": MIN_POLL_MS}},
        "flagEvaluation": {"supportedTypes": ["object"]},
    },
}
Find = Callable[[ReadSession], SdkKeyRow | None]


@router.post("/evaluate/flags/{key}", openapi_extra=BODY)
async def post_flag(request: Request, parts: Running, key: str) -> Response:
    """Where one model's traffic goes for this context; the flag is ``model.<name>``."""
    body = await request.body()
    return await run_in_threadpool(_one, request, parts, body, key)


@router.post("/evaluate/flags", openapi_extra=BODY)
async def post_flags(request: Request, parts: Running) -> Response:
    """The same of every model this key may see; ``If-None-Match`` with the last ``ETag``: 304."""
    body = await request.body()
    return await run_in_threadpool(_all, request, parts, body)


@router.get("/configuration")
def get_configuration(request: Request, parts: Running) -> Response:
    """What OFREP's clients may expect here."""
    with parts.database.read() as session:
        if _key(request, session) is None:
            return _unauthorized()
    return conditional_json(request, CONFIGURATION, HEADERS)


@router.get("/stream")
async def get_stream(
    request: Request,
    parts: Running,
    channel: Annotated[str, Query(max_length=200)] = "",
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Server-sent events that say when to ask again: at once, unless ``Last-Event-ID`` is still so.

    The address comes with the answer about all flags.
    """

    def find(session: ReadSession) -> SdkKeyRow | None:
        return find_by_ticket(session, channel) if channel else _key(request, session)

    try:
        if await run_in_threadpool(_state, parts, find) is None:
            return _unauthorized()
    except UnavailableError:
        # EventSource gives up for good on any status but 200; nothing is told meanwhile.
        pass
    headers = {**HEADERS, "X-Accel-Buffering": "no"}
    events = _events(parts, find, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.options("/{path:path}", include_in_schema=False)
def preflight() -> Response:
    """Whether a web page may ask: any may, if it has a key."""
    return Response(status_code=204, headers=PREFLIGHT)


async def _events(parts: Parts, find: Find, last: str) -> AsyncIterator[bytes]:
    async for _ in parts.feed.changes(KEEP_ALIVE_SECONDS):
        try:
            state = await run_in_threadpool(_state, parts, find)
        except UnavailableError:
            yield b": away\n\n"
            continue
        if state is None:
            return
        if frames.same_state(state, last):
            yield b": nothing new\n\n"
        else:
            news = msgspec.json.encode({"type": "refetchEvaluation", "etag": f'"{state}"'})
            yield b"id: %b\nevent: message\ndata: %b\n\n" % (state.encode(), news)
        last = state


def _state(parts: Parts, find: Find) -> str | None:
    with parts.database.read() as session:
        key = find(session)
        if key is None:
            return None
        served = load_served(session)
        return frames.state_id(served.revision, service.payload(session, key, served))


def _one(request: Request, parts: Parts, body: bytes, flag: str) -> Response:
    with parts.database.read() as session:
        key = _key(request, session)
        if key is None:
            return _unauthorized()
        try:
            features = _features(session, key)
            answer = evaluate_flag(features, flag, read_context(body, _declared(session)))
        except RefusedError as error:
            return _json(failure(error, flag), 404 if error.code == FLAG_NOT_FOUND else 400)
    return _json(answer)


def _all(request: Request, parts: Parts, body: bytes) -> Response:
    with parts.database.read() as session:
        key = _key(request, session)
        if key is None:
            return _unauthorized()
        try:
            context = read_context(body, _declared(session))
        except RefusedError as error:
            return _json(failure(error), 400)
        answer = {
            "flags": evaluate_all(_features(session, key), context),
            "eventStreams": [_event_stream(key)],
        }
    return conditional_json(request, answer, HEADERS)


def _event_stream(key: SdkKeyRow) -> dict[str, Any]:
    """Without an origin: the client's own, whatever proxy stands before us."""
    uri = f"/ofrep/v1/stream?channel={ticket(key)}"
    return {
        "type": "sse",
        "endpoint": {"requestUri": uri},
        "inactivityDelaySec": INACTIVITY_S,
    }


def _features(session: ReadSession, key: SdkKeyRow) -> dict[str, Any]:
    features: dict[str, Any] = service.payload(session, key, load_served(session))["features"]
    return features


def _declared(session: ReadSession) -> dict[str, AttributeType]:
    return {name: AttributeType(kind) for name, kind in attribute_types(session).items()}


def _key(request: Request, session: ReadSession) -> SdkKeyRow | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        text = request.headers.get("x-api-key", "")
    return service.find_key(session, text.strip())


def _unauthorized() -> Response:
    details = "Authorization: Bearer or X-API-Key: expected an SDK key that is not revoked"
    response = _json({"errorDetails": details}, 401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _json(value: dict[str, Any], status: int = 200) -> Response:
    body = msgspec.json.encode(value)
    return Response(body, status, HEADERS, media_type="application/json")
