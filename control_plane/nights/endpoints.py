"""HTTP of the nights: the trainer reports each, everybody may read."""

from typing import Annotated

from fastapi import Response

from bentos.contract.register import Action
from control_plane.answer import repeated
from control_plane.auth import allow
from control_plane.nights import service
from control_plane.nights.answers import Night
from control_plane.nights.schemas import NightIn
from control_plane.paging import Paged
from control_plane.parts import Reading, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/nights")
Reporter = Annotated[Principal, allow(Permission.VERSIONS_REGISTER, Action.NIGHT_REPORT, "nights")]


@router.post("", status_code=201, responses=repeated(Night))
def post_night(session: Writing, response: Response, body: NightIn, principal: Reporter) -> Night:
    """Report a nightly run that has ended; the very same again is 200 and changes nothing."""
    night, is_new = service.report(session, principal, body.model_dump())
    if not is_new:
        response.status_code = 200
    return night


@router.get("")
def get_nights(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.READ)]
) -> list[Night]:
    """What the nights came to, newest first: outcome, versions, and what stopped them."""
    return service.list_nights(session, page)
