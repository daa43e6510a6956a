"""HTTP of the register: read it, verify it, add decision segments."""

import dataclasses
from typing import Annotated

from fastapi import Query, Request, Response

from bentos.contract.canonical import MAX_INTEGER
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.answer import repeated
from control_plane.audit import segments
from control_plane.audit.answers import Event, RecordedSegment, VerificationResult
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.queries import find
from control_plane.audit.reads import record_read
from control_plane.audit.schemas import EventsIn, SegmentIn
from control_plane.audit.service import Change, record
from control_plane.audit.verification import verify_all
from control_plane.audit.verifier import Anchor
from control_plane.auth import allow
from control_plane.paging import name_next
from control_plane.parts import Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1")


@router.get("/register/events")
def get_events(
    request: Request,
    response: Response,
    parts: Running,
    principal: Annotated[
        Principal, allow(Permission.REGISTER_READ, Action.REGISTER_READ, "register")
    ],
    asked: Annotated[EventsIn, Query()],
) -> list[Event]:
    """Events after a sequence number, oldest first; or before one, newest first."""
    question = asked.question()
    record_read(parts.database, parts.reads, principal, Action.REGISTER_READ, asked.told("events"))
    with parts.database.read() as session:
        found = find(
            session,
            question,
            after=asked.after,
            before=asked.before,
            limit=asked.limit,
            newest_first=asked.newest_first,
        )
    if len(found) == asked.limit:
        bound = "before" if asked.newest_first else "after"
        name_next(request, response, bound, str(found[-1]["seq"]))
    return found


@router.get("/register/verify")
def get_verification(
    parts: Running,
    principal: Annotated[
        Principal, allow(Permission.REGISTER_READ, Action.REGISTER_VERIFY, "register")
    ],
    size: Annotated[int | None, Query(ge=1, le=MAX_INTEGER)] = None,
    root: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None,
) -> VerificationResult:
    """Re-derive the whole register; that it was done is an event too.

    ``size`` and ``root`` of an earlier verification are looked for in it.
    """
    if (size is None) != (root is None):
        raise ContractError("size, root", "both or neither", (size, root))
    anchors = [Anchor(size, root)] if size is not None and root is not None else []
    with parts.one_at_a_time("a verification"), parts.database.read() as session:
        copies = CheckpointCopies(parts.settings.checkpoint_copies)
        result = dataclasses.asdict(verify_all(session, copies, anchors))
    with parts.database.write() as writing:
        change = Change(action=Action.REGISTER_VERIFY, entity="register", after=result)
        record(writing, principal, change)
    return result


@router.post("/segments", status_code=201, responses=repeated(RecordedSegment))
def post_segment(
    session: Writing,
    response: Response,
    body: SegmentIn,
    principal: Annotated[Principal, allow(Permission.SEGMENTS_WRITE, Action.SEGMENT_REGISTER)],
) -> RecordedSegment:
    """Record a segment's root; the same segment again is 200 and changes nothing."""
    segment = segments.Segment(**body.model_dump())
    if not segments.register_segment(session, principal, segment):
        response.status_code = 200
    return body.model_dump()
