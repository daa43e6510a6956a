"""HTTP of freeze windows."""

from typing import Annotated

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.paging import Paged
from control_plane.parts import Reading, Writing
from control_plane.principal import Permission, Principal
from control_plane.releases import freezes
from control_plane.releases.answers import Exemption, Freeze, OneFreeze
from control_plane.releases.conflict import check_revision
from control_plane.releases.queries import get_release
from control_plane.releases.schemas import ExemptionIn, FreezeIn, ReasonIn
from control_plane.router import Router

router = Router(prefix="/api/v1/freezes")
_FREEZE = "freeze:{freeze_id}"


@router.post("", status_code=201)
def post_freeze(
    session: Writing,
    body: FreezeIn,
    principal: Annotated[Principal, allow(Permission.FREEZES, Action.FREEZE_CREATE, "freezes")],
) -> Freeze:
    """Make a window in which nothing of some models, or of all, goes forward."""
    window = freezes.Window(**body.model_dump())
    return freezes.freeze_view(freezes.create_freeze(session, principal, window))


@router.get("")
def get_freezes(
    session: Reading,
    page: Paged,
    _: Annotated[Principal, allow(Permission.READ)],
    past: bool = False,
) -> list[Freeze]:
    """Windows that are or will be in force; with ``past`` all there ever were."""
    return [freezes.freeze_view(row) for row in freezes.list_freezes(session, past=past, page=page)]


@router.get("/{freeze_id}")
def get_freeze(
    session: Reading, freeze_id: str, _: Annotated[Principal, allow(Permission.READ)]
) -> OneFreeze:
    """One window with its exemptions."""
    row = freezes.get_freeze(session, freeze_id)
    given = [each.model_dump() for each in freezes.exemptions(session, freeze_id)]
    return freezes.freeze_view(row) | {"exemptions": given}


@router.delete("/{freeze_id}")
def delete_freeze(
    session: Writing,
    freeze_id: str,
    body: ReasonIn,
    principal: Annotated[Principal, allow(Permission.FREEZES, Action.FREEZE_END, _FREEZE)],
) -> Freeze:
    """Call off a window that has not begun."""
    row = freezes.cancel_freeze(session, principal, freeze_id, body.reason)
    return freezes.freeze_view(row)


@router.post("/{freeze_id}/end")
def post_end(
    session: Writing,
    freeze_id: str,
    body: ReasonIn,
    principal: Annotated[Principal, allow(Permission.RELEASES_APPROVE, Action.FREEZE_END, _FREEZE)],
) -> Freeze:
    """End a window in force, as an approver who did not make it."""
    return freezes.freeze_view(freezes.end_freeze(session, principal, freeze_id, body.reason))


@router.post("/{freeze_id}/exemptions", status_code=201)
def post_exemption(
    session: Writing,
    freeze_id: str,
    body: ExemptionIn,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_APPROVE, Action.FREEZE_EXEMPT, _FREEZE)
    ],
) -> Exemption:
    """Let one release's present content go forward all the same, as one more approver."""
    release = get_release(session, body.release)
    check_revision(session, release, body.expected_revision)
    given = freezes.exempt(session, principal, freeze_id, release, body.reason)
    return given.model_dump()
