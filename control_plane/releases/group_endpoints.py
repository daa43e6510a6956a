"""HTTP of groups: releases of several models that move together."""

from typing import Annotated, Any

from fastapi import Response

from bentos.contract.register import Action
from control_plane.auth import allow, allow_verb
from control_plane.errors import NotFoundError
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.releases import groups
from control_plane.releases.answers import DissolvedGroup, Group
from control_plane.releases.binding import members_of
from control_plane.releases.endpoints import VERBS
from control_plane.releases.exposures import look
from control_plane.releases.lifecycle import Verb
from control_plane.releases.models import ReleaseGroupRow
from control_plane.releases.order import Order
from control_plane.releases.precondition import IfMatch, entity_tag, expected
from control_plane.releases.presentation import Published
from control_plane.releases.schemas import DissolutionIn, GroupIn, OrderIn
from control_plane.router import Router

router = Router(prefix="/api/v1/release-groups")
_GROUP = "group:{group_id}"


@router.post("", status_code=201)
def post_group(
    session: Writing,
    body: GroupIn,
    response: Response,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_WRITE, Action.GROUP_CREATE, "groups")
    ],
) -> Group:
    """Bind releases that have not started; they go back to draft and are approved together."""
    order = Order(reason=body.reason, ticket=body.ticket)
    return _tagged(session, groups.create_group(session, principal, body.members, order), response)


@router.get("")
def get_groups(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.READ)]
) -> list[Group]:
    """Groups, newest first."""
    published = Published(session)
    return [_view(session, published, group) for group in groups.list_groups(session, page)]


@router.get("/{group_id}")
def get_group(
    session: Reading,
    group_id: str,
    response: Response,
    _: Annotated[Principal, allow(Permission.READ)],
) -> Group:
    """One group with its releases. Its ETag is its revision, for If-Match."""
    return _tagged(session, groups.get_group(session, group_id), response)


@router.patch("/{group_id}")
def patch_group(
    session: Writing,
    group_id: str,
    body: GroupIn,
    response: Response,
    principal: Annotated[Principal, allow(Permission.RELEASES_WRITE, Action.GROUP_EDIT, _GROUP)],
    if_match: IfMatch = None,
) -> Group:
    """Change who belongs to a group that has not started: all go back to draft."""
    revision = expected(if_match, body.expected_revision)
    order = Order(reason=body.reason, ticket=body.ticket, expected_revision=revision)
    group = groups.edit_group(session, principal, group_id, body.members, order)
    return _tagged(session, group, response)


@router.delete("/{group_id}")
def delete_group(
    session: Writing,
    group_id: str,
    body: DissolutionIn,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_WRITE, Action.GROUP_DISSOLVE, _GROUP)
    ],
    if_match: IfMatch = None,
) -> DissolvedGroup:
    """Let the releases of a group that has not started go on each by itself, from draft."""
    revision = expected(if_match, body.expected_revision)
    order = Order(reason=body.reason, expected_revision=revision)
    group = groups.dissolve_group(session, principal, group_id, order)
    return groups.group_content(session, group)


@router.post("/{group_id}/{verb}")
def post_group_verb(  # noqa: PLR0913, PLR0917 - what a request is made of
    session: Writing,
    parts: Running,
    group_id: str,
    verb: str,
    body: OrderIn,
    response: Response,
    principal: Annotated[Principal, allow_verb(_GROUP)],
    if_match: IfMatch = None,
) -> Group:
    """Move all releases of a group, or none: the verbs of a release."""
    if verb not in VERBS:
        raise NotFoundError(f"no verb {verb}: there are {', '.join(sorted(VERBS))}")
    meant = Verb(verb)
    given = body.model_dump() | {"expected_revision": expected(if_match, body.expected_revision)}
    with parts.database.read() as reading:
        members = [row.id for row in members_of(reading, group_id)]
    looks = {each: look(parts.database, parts.exposures, each, meant) for each in members}
    seen = {release: found for release, found in looks.items() if found is not None}
    groups.act_group(session, principal, group_id, meant, Order(**given), seen)
    return _tagged(session, groups.get_group(session, group_id), response)


def _tagged(session: Reading, group: ReleaseGroupRow, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = entity_tag(group.revision)
    return _view(session, Published(session), group)


def _view(session: Reading, published: Published, group: ReleaseGroupRow) -> dict[str, Any]:
    releases = [published.release(row) for row in members_of(session, group.id)]
    return groups.group_content(session, group) | {"releases": releases}
