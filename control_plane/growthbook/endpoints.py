"""GrowthBook's SDK endpoints (the key stands in the path, as its SDKs send it), and the keys."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.errors import UnavailableError
from control_plane.growthbook import frames, service
from control_plane.growthbook.answers import NewSdkKey, SdkKey
from control_plane.growthbook.schemas import SdkKeyIn
from control_plane.lint.publication import check_audience
from control_plane.paging import Paged
from control_plane.parts import Parts, Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.publish.archive import load_served
from control_plane.publish.etag import conditional_json
from control_plane.router import Router

router = Router()
KEEP_ALIVE_SECONDS = 15.0
RETRY_MS = 5000
SDK_HEADERS = {
    "Cache-Control": "public, max-age=30, stale-while-revalidate=3600, stale-if-error=36000",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-sse-support",
    "x-sse-support": "enabled",
}
STREAM_HEADERS = {
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",
    "X-Accel-Buffering": "no",
}


@router.post("/api/v1/sdk-keys", status_code=201)
def post_sdk_key(
    session: Writing,
    body: SdkKeyIn,
    principal: Annotated[Principal, allow(Permission.SDK_KEYS, Action.SDK_KEY_CREATE, "sdk_keys")],
) -> NewSdkKey:
    """Make an SDK key; it is shown this once."""
    row, text = service.create_sdk_key(session, principal, body.name, body.kind, body.models)
    check_audience(session, row, load_served(session).routes.features)
    return service.key_view(row) | {"key": text}


@router.get("/api/v1/sdk-keys")
def get_sdk_keys(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.SDK_KEYS)]
) -> list[SdkKey]:
    """All SDK keys, without their text."""
    return [service.key_view(row) for row in service.list_sdk_keys(session, page)]


@router.delete("/api/v1/sdk-keys/{key_id}")
def delete_sdk_key(
    session: Writing,
    key_id: str,
    principal: Annotated[
        Principal, allow(Permission.SDK_KEYS, Action.SDK_KEY_REVOKE, "sdk_key:{key_id}")
    ],
) -> SdkKey:
    """Revoke an SDK key."""
    return service.key_view(service.revoke_sdk_key(session, principal, key_id))


@router.get("/api/features/{sdk_key}")
def get_features(request: Request, session: Reading, sdk_key: str) -> Response:
    """The payload this key may see."""
    key = service.find_key(session, sdk_key)
    if key is None:
        return _unknown_key()
    return conditional_json(
        request, service.payload(session, key, load_served(session)), SDK_HEADERS
    )


@router.get("/sub/{sdk_key}")
async def get_subscription(
    parts: Running, sdk_key: str, last_event_id: Annotated[str, Header()] = ""
) -> Response:
    """Server-sent events: the payload at once unless ``Last-Event-ID`` has it, and each change."""
    try:
        known = await run_in_threadpool(_load, parts, sdk_key) is not None
    except UnavailableError:
        # Whoever is refused now would never come back: the Python SDK ends its subscription on
        # any status but 200. Nothing is sent before the key was found.
        known = True
    if not known:
        return _unknown_key()
    events = _events(parts, sdk_key, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)


async def _events(parts: Parts, sdk_key: str, last: str) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    repeat_until = 0.0
    async for _ in parts.feed.changes(KEEP_ALIVE_SECONDS):
        try:
            seen = await run_in_threadpool(_load, parts, sdk_key)
        except UnavailableError:
            yield frames.KEEP_ALIVE
            continue
        if seen is None:
            return
        state, payload = seen
        if not frames.same_state(state, last):
            sent = frames.frame(state, payload)
            announced = sent == frames.announcement(state)
            repeat_until = time.monotonic() + frames.REPEAT_S if announced else 0.0
            yield sent
        elif time.monotonic() < repeat_until:
            yield frames.announcement(state)
        else:
            yield frames.KEEP_ALIVE
        last = state


def _load(parts: Parts, sdk_key: str) -> tuple[str, dict[str, Any]] | None:
    """The payload under the id of its state, or None when the key is no good, or no more."""
    with parts.database.read() as session:
        key = service.find_key(session, sdk_key)
        if key is None:
            return None
        served = load_served(session)
        payload = service.payload(session, key, served)
        return frames.state_id(served.revision, payload), payload


def _unknown_key() -> JSONResponse:
    return JSONResponse({"status": 400, "error": "Invalid API key"}, 400)
