"""HTTP for gateways: the stream of headers, their index, the bodies."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from bentos.contract.documents import HEARTBEAT_SECONDS
from control_plane.auth import allow, identify
from control_plane.errors import UnauthorizedError, UnavailableError
from control_plane.parts import Reading, Running
from control_plane.principal import Permission, Principal
from control_plane.publish import archive
from control_plane.publish.etag import conditional_json
from control_plane.publish.feed import Feed

router = APIRouter(prefix="/gateway/v1")
NO_BUFFERING = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
# Turns of the stream, at most a heartbeat apart, between two looks at its key.
RECHECK_EVERY = 5
HEARTBEAT = b"event: heartbeat\ndata: {}\n\n"


@router.get("/documents")
def get_stream(
    request: Request, parts: Running, _: Annotated[Principal, allow(Permission.DOCUMENTS_READ)]
) -> StreamingResponse:
    """Server-sent events: every header in force at once, then each new one; a heartbeat."""
    events = _events(request, parts.feed)
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


async def _events(request: Request, feed: Feed) -> AsyncIterator[bytes]:
    turns = 0
    async for headers in feed.changes(HEARTBEAT_SECONDS):
        turns += 1
        if turns % RECHECK_EVERY == 0 and not await run_in_threadpool(_is_still_good, request):
            return
        if not headers:
            yield HEARTBEAT
        for header in headers:
            data = msgspec.json.encode(header).decode()
            yield f"event: document\nid: {header.revision}\ndata: {data}\n\n".encode()


def _is_still_good(request: Request) -> bool:
    """A key that was revoked meanwhile must not go on reading an open stream."""
    try:
        return Permission.DOCUMENTS_READ in identify(request).permissions
    except UnauthorizedError:
        return False
    except UnavailableError:
        # Nobody can have revoked it meanwhile; the stream outlives the database's absence.
        return True
