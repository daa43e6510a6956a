"""HTTP for gateways: the stream of headers, their index, the bodies."""

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from bentos.contract.documents import Revision, parse_revision
from bentos.contract.errors import ContractError
from control_plane.auth import allow, identify
from control_plane.errors import ForbiddenError, UnauthorizedError, UnavailableError
from control_plane.parts import Reading, Running
from control_plane.principal import Permission, Principal
from control_plane.publish import archive
from control_plane.publish.etag import conditional_json
from control_plane.publish.in_force import NOTHING
from control_plane.publish.stream import DocumentStream, StillGood
from control_plane.router import Router

router = Router(prefix="/gateway/v1")
_admit = allow(Permission.DOCUMENTS_READ).dependency
FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


async def _reader(request: Request, parts: Running) -> StillGood:
    """Whether whoever asks may go on reading the stream; raises as ``allow`` does.

    All gateways of an installation hold one key, and after a restart they come all at once:
    they share the look at it.
    """
    sent = request.headers.get("authorization", "")
    # Without a key there is nobody to share with.
    key = hashlib.sha256(sent.encode()).hexdigest() if sent else str(id(request))

    async def is_good() -> bool:
        return await parts.key_watch.is_good(key, lambda: run_in_threadpool(_may_read, request))

    async def still_good() -> bool:
        try:
            return await is_good()
        except UnavailableError:
            # Nobody can have revoked it meanwhile; the stream outlives the database's absence.
            return True

    # Who is not known yet is not let in while nobody can say who they are.
    if not (sent and await is_good()):
        await run_in_threadpool(_admit, request)
    return still_good


@router.get("/documents")
async def get_stream(
    parts: Running,
    still_good: Annotated[StillGood, Depends(_reader)],
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Server-sent events: every header in force at once, then each new one; a heartbeat.

    Small bodies come with the headers of later revisions than ``Last-Event-ID``.
    """
    return DocumentStream(parts.feed, _known(last_event_id), still_good)


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


def _known(last_event_id: str) -> Revision:
    """What the subscriber says it has; nothing, if that cannot be read."""
    try:
        return parse_revision(last_event_id)
    except ContractError:
        return NOTHING


def _may_read(request: Request) -> bool:
    """A key that was revoked meanwhile must not go on reading an open stream."""
    try:
        return Permission.DOCUMENTS_READ in identify(request).permissions
    except (UnauthorizedError, ForbiddenError):
        return False
