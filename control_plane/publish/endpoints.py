"""HTTP for gateways: the stream of headers, their index, the bodies."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from bentos.contract.documents import HEARTBEAT_SECONDS
from control_plane.auth import allow
from control_plane.parts import Reading, Running
from control_plane.principal import Permission, Principal
from control_plane.publish import archive
from control_plane.publish.etag import conditional_json
from control_plane.publish.feed import Feed

router = APIRouter(prefix="/gateway/v1")
NO_BUFFERING = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
HEARTBEAT = b"event: heartbeat\ndata: {}\n\n"


@router.get("/documents")
def get_stream(
    parts: Running, _: Annotated[Principal, allow(Permission.DOCUMENTS_READ)]
) -> StreamingResponse:
    """Server-sent events: every header in force at once, then each new one; a heartbeat."""
    events = _events(parts.feed)
    return StreamingResponse(events, media_type="text/event-stream", headers=NO_BUFFERING)


@router.get("/documents/index")
def get_index(
    request: Request,
    session: Reading,
    _: Annotated[Principal, allow(Permission.DOCUMENTS_READ)],
) -> Response:
    """All headers in force, by revision; the backstop for a stream that went quiet."""
    headers = archive.current_headers(session).values()
    return conditional_json(request, sorted(headers, key=lambda header: header.revision))


@router.get("/documents/{digest}")
def get_body(
    session: Reading, digest: str, _: Annotated[Principal, allow(Permission.DOCUMENTS_READ)]
) -> Response:
    """A document's bytes, as they were signed."""
    body = archive.body_bytes(session, digest)
    return Response(body, media_type="application/json", headers=FOREVER)


async def _events(feed: Feed) -> AsyncIterator[bytes]:
    async for headers in feed.changes(HEARTBEAT_SECONDS):
        if not headers:
            yield HEARTBEAT
        for header in headers:
            data = msgspec.json.encode(header).decode()
            yield f"event: document\nid: {header.revision}\ndata: {data}\n\n".encode()
