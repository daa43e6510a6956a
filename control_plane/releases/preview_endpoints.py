"""HTTP of dry runs. Everybody who may read may look ahead."""

from typing import Annotated, Any

from bentos.contract.errors import ContractError
from control_plane.auth import allow
from control_plane.parts import Parts, Running
from control_plane.principal import Permission, Principal
from control_plane.releases.answers import Preview
from control_plane.releases.binding import members_of
from control_plane.releases.endpoints import VERBS
from control_plane.releases.groups import get_group
from control_plane.releases.lifecycle import Verb
from control_plane.releases.order import Order
from control_plane.releases.preview import gather, preview
from control_plane.releases.schemas import PreviewIn
from control_plane.router import Router

router = Router(prefix="/api/v1")
Reader = Annotated[Principal, allow(Permission.READ)]


@router.post("/releases/{release_id}/preview")
def post_preview(parts: Running, release_id: str, body: PreviewIn, principal: Reader) -> Preview:
    """What a verb would do to the routes, and to how many of the recent subjects.

    ``who_moves`` counts distinct subjects of the last 24 hours by the bucket their decisions
    recorded; without such decisions it is an estimate, and says so. Nothing is written.
    """
    return _preview(parts, [release_id], body, principal)


@router.post("/release-groups/{group_id}/preview")
def post_group_preview(
    parts: Running, group_id: str, body: PreviewIn, principal: Reader
) -> Preview:
    """The same of all releases of a group at once."""
    with parts.database.read() as session:
        members = [row.id for row in members_of(session, get_group(session, group_id).id)]
    return _preview(parts, members, body, principal)


def _preview(
    parts: Parts, releases: list[str], body: PreviewIn, principal: Principal
) -> dict[str, Any]:
    if body.verb not in VERBS:
        raise ContractError("verb", f"one of {sorted(VERBS)}", body.verb)
    verb = Verb(body.verb)
    order = Order(**body.model_dump(exclude={"verb"}))
    evidence = gather(parts.database, parts.exposures, releases, verb)
    return preview(parts.database, principal, releases, verb, order, evidence)
