"""HTTP for fleets: what to run, and their reports of what runs."""

from typing import Annotated

from fastapi import Request, Response

from bentos.contract.register import Action
from control_plane.auth import allow
from control_plane.parts import Reading, Running
from control_plane.principal import Permission, Principal
from control_plane.publish import fleets
from control_plane.publish.etag import conditional_json
from control_plane.publish.schemas import ReportIn
from control_plane.router import Router

router = Router(prefix="/fleet/v1")


@router.get("/desired")
def get_desired(
    request: Request,
    session: Reading,
    parts: Running,
    _: Annotated[Principal, allow(Permission.FLEET_READ)],
) -> Response:
    """Versions to keep running."""
    workers = fleets.desired_workers(session, parts.settings)
    return conditional_json(request, {"versions": workers})


@router.post("/report", status_code=204)
def post_report(
    parts: Running,
    body: ReportIn,
    principal: Annotated[
        Principal, allow(Permission.FLEET_REPORT, Action.ENDPOINTS_REPORT, "fleet")
    ],
) -> Response:
    """Take a fleet's full state. One that says nothing new costs no write."""
    versions = body.model_dump()["versions"]
    with parts.database.read() as session:
        is_news = fleets.report_changes(session, body.fleet, versions)
    if is_news:
        with parts.database.write() as writing:
            fleets.take_report(writing, principal, body.fleet, versions)
        parts.publisher.wake()
    return Response(status_code=204)
