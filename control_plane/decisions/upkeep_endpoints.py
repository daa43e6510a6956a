"""HTTP of what makes decisions go: erasure of a person, retention."""

from datetime import UTC, datetime
from typing import Annotated

from sqlalchemy import event

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.decisions.answers import Erasure, Expired, RetentionPlan
from control_plane.decisions.erasure import erasure_view, list_erasures, order_erasure
from control_plane.decisions.erasure_order import subjects_of
from control_plane.decisions.retention import due, expire
from control_plane.decisions.schemas import ErasureIn
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/lake")
Eraser = Annotated[Principal, allow(Permission.DECISIONS_ERASE, Action.DECISION_ERASE, "erasure")]
Expirer = Annotated[
    Principal, allow(Permission.DECISIONS_EXPIRE, Action.DECISION_EXPIRE, "decisions")
]


@router.post("/erasures", status_code=202)
def post_erasure(session: Writing, parts: Running, principal: Eraser, body: ErasureIn) -> Erasure:
    """Order that a person is erased from the decisions; the upkeep carries it out at once.

    A raw key or id is used in memory and kept nowhere; of the person a digest is kept.
    """
    row = order_erasure(
        session, principal, subjects_of(parts.settings, body), body.reason, body.ticket
    )
    event.listen(session, "after_commit", lambda _: parts.upkeep.wake())
    return erasure_view(row)


@router.get("/erasures")
def get_erasures(session: Reading, page: Paged, _: Eraser) -> list[Erasure]:
    """All orders, newest first; ``done_at`` says that every file has been through it."""
    return [erasure_view(row) for row in list_erasures(session, page)]


@router.get("/retention")
def get_retention(parts: Running, _: Expirer) -> RetentionPlan:
    """What would be deleted now: a dry run."""
    kept, today = parts.settings.retention, datetime.now(UTC).date()
    found = due(parts.decisions.lake, kept, today)
    days = {name: getattr(kept, name) for name in ("public", "personal", "shadow")}
    return {"days": days, "due": [each.as_json() for each in found], "notes": kept.notes()}


@router.post("/retention")
def post_retention(parts: Running, principal: Expirer) -> Expired:
    """Delete what is due now, instead of within the hour."""
    today = datetime.now(UTC).date()
    gone = expire(parts.decisions.lake, parts.database, principal, parts.settings.retention, today)
    return {"expired": [each.as_json() for each in gone]}
