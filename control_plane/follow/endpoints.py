"""HTTP of follow mode."""

from typing import Annotated, Any

from sqlmodel import col, select

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.follow import service
from control_plane.follow.answers import Follow, ListedFollow
from control_plane.follow.models import FollowRow
from control_plane.follow.schemas import FollowIn
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.releases.schemas import ReasonIn
from control_plane.router import Router

router = Router(prefix="/api/v1/follow")
_P, _A = Permission, Action
Reader = Annotated[Principal, allow(_P.READ)]
Proposer = Annotated[Principal, allow(_P.FOLLOW, _A.FOLLOW_PROPOSE, "follow")]
Approver = Annotated[Principal, allow(_P.RELEASES_APPROVE, _A.FOLLOW_APPROVE, "follow:{follow_id}")]
Ender = Annotated[Principal, allow(_P.RELEASES_BACK, _A.FOLLOW_END, "follow:{follow_id}")]


@router.post("", status_code=201)
def post_follow(session: Writing, body: FollowIn, principal: Proposer) -> Follow:
    """Propose to take the routes of some models from an upstream GrowthBook."""
    return service.view(service.propose(session, principal, body))


@router.get("")
def get_follows(session: Reading, parts: Running, page: Paged, _: Reader) -> list[ListedFollow]:
    """What is, was and is to be followed, newest first; ``contact`` is this process's."""
    order = (col(FollowRow.proposed_at), col(FollowRow.id))
    rows = page.rows(session, select(FollowRow), *order, newest_first=True)
    return [_shown(row, parts.follower.status()) for row in rows]


@router.post("/{follow_id}/approve")
def post_approve(session: Writing, follow_id: str, body: ReasonIn, principal: Approver) -> Follow:
    """Agree, as a second person; from now on it is in force."""
    return service.view(service.approve(session, principal, follow_id, body.reason))


@router.post("/{follow_id}/end")
def post_end(session: Writing, follow_id: str, body: ReasonIn, principal: Ender) -> Follow:
    """Stop following: the models go back to their stable versions."""
    return service.view(service.end(session, principal, follow_id, body.reason))


def _shown(row: FollowRow, contact: dict[str, Any] | None) -> dict[str, Any]:
    shown = service.view(row)
    return shown | {"contact": contact if shown["state"] == "in_force" else None}
