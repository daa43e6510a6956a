"""HTTP of releases, kills and models."""

from typing import Annotated, Any

from fastapi import Response

from bentos.contract.errors import ContractError
from bentos.contract.local_kill import LocalKill
from bentos.contract.register import Action
from control_plane.auth import allow, allow_verb
from control_plane.errors import NotFoundError
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.registry.answers import Version
from control_plane.registry.service import version_summary
from control_plane.releases import drafts, kills, queries, service
from control_plane.releases.answers import Model, Release, TimelineEvent
from control_plane.releases.content import Draft
from control_plane.releases.exposures import look
from control_plane.releases.kill_answers import Kill
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.local_kills import enter_local_kill
from control_plane.releases.models import ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.precondition import IfMatch, entity_tag, expected
from control_plane.releases.presentation import Published
from control_plane.releases.retirement import retire_unused
from control_plane.releases.schemas import (
    KillIn,
    LocalKillIn,
    OrderIn,
    ReasonIn,
    ReleaseEdit,
    ReleaseIn,
)
from control_plane.releases.timeline import timeline
from control_plane.router import Router

router = Router(prefix="/api/v1")
VERBS = frozenset(Verb) - {Verb.EDIT, Verb.HALT}
_RELEASE = "release:{release_id}"


@router.get("/models")
def get_models(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.READ)]
) -> list[Model]:
    """Every model: what serves it, its open release, its kill."""
    return Published(session).models(page)


@router.post("/versions/{version}/retire")
def post_retirement(
    session: Writing,
    version: str,
    body: ReasonIn,
    principal: Annotated[
        Principal, allow(Permission.VERSIONS_RETIRE, Action.VERSION_RETIRE, "version:{version}")
    ],
) -> Version:
    """Retire a version that nothing needs."""
    return version_summary(retire_unused(session, principal, version, body.reason))


@router.post("/releases", status_code=201)
def post_release(
    session: Writing,
    body: ReleaseIn,
    response: Response,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_WRITE, Action.RELEASE_CREATE, "releases")
    ],
) -> Release:
    """Draft a release."""
    row = drafts.create_release(session, principal, Draft(**body.model_dump()))
    return _tagged(session, row, response)


@router.get("/releases")
def get_releases(
    session: Reading,
    page: Paged,
    _: Annotated[Principal, allow(Permission.READ)],
    model: str | None = None,
    state: State | None = None,
) -> list[Release]:
    """Releases, newest first."""
    published = Published(session)
    rows = queries.list_releases(session, model, state.value if state else None, page)
    return [published.release(row) for row in rows]


@router.get("/releases/{release_id}")
def get_release(
    session: Reading,
    release_id: str,
    response: Response,
    _: Annotated[Principal, allow(Permission.READ)],
) -> Release:
    """One release. Its ETag is its revision, for If-Match."""
    return _tagged(session, queries.get_release(session, release_id), response)


@router.get("/releases/{release_id}/timeline")
def get_timeline(
    session: Reading,
    release_id: str,
    page: Paged,
    _: Annotated[Principal, allow(Permission.READ)],
) -> list[TimelineEvent]:
    """What happened to a release, oldest first, denied attempts too."""
    return timeline(session, release_id, page)


@router.patch("/releases/{release_id}")
def patch_release(
    session: Writing,
    release_id: str,
    body: ReleaseEdit,
    response: Response,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_WRITE, Action.RELEASE_EDIT, _RELEASE)
    ],
    if_match: IfMatch = None,
) -> Release:
    """Edit a release that has not started: back to draft, approvals void.

    Takes the revision that was read, as If-Match or ``expected_revision``.
    """
    changes = body.model_dump(exclude_unset=True)
    revision = expected(if_match, changes.pop("expected_revision", None))
    for name in ("candidate", "shadow", "steps", "reason"):
        if name in changes and changes[name] is None:
            raise ContractError(name, "a value", None, "Leave it out to keep what it is.")
    row = drafts.edit_release(session, principal, release_id, changes, revision)
    return _tagged(session, row, response)


@router.post("/releases/{release_id}/{verb}")
def post_verb(  # noqa: PLR0913, PLR0917 - what a request is made of
    session: Writing,
    parts: Running,
    release_id: str,
    verb: str,
    body: OrderIn,
    response: Response,
    principal: Annotated[Principal, allow_verb(_RELEASE)],
    if_match: IfMatch = None,
) -> Release:
    """Move a release: submit approve refuse schedule start ramp lower open_gate pause …

    ``approve`` and ``open_gate`` take the revision that was read, as If-Match or
    ``expected_revision``; with any other verb it is free to say.
    """
    if verb not in VERBS:
        raise NotFoundError(f"no verb {verb}: there are {', '.join(sorted(VERBS))}")
    meant = Verb(verb)
    revision = expected(if_match, body.expected_revision)
    given = body.model_dump() | {"expected_revision": revision}
    seen = look(parts.database, parts.exposures, release_id, meant)
    row = service.act(session, principal, release_id, meant, Order(**given), seen)
    return _tagged(session, row, response)


def _tagged(session: Reading, row: ReleaseRow, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = entity_tag(row.revision)
    return Published(session).release(row)


@router.post("/kills", status_code=201)
def post_kill(
    session: Writing,
    body: KillIn,
    principal: Annotated[Principal, allow(Permission.KILL, Action.KILL_SET, "kills")],
) -> Kill:
    """Force a model onto a version it once promoted, now."""
    row = kills.set_kill(
        session, principal, body.model, body.version, body.reason, body.expires_in_s
    )
    return kills.kill_view(row)


@router.post("/kills/local", status_code=201)
def post_local_kill(
    session: Writing,
    body: LocalKillIn,
    principal: Annotated[Principal, allow(Permission.KILL, Action.KILL_SET, "kills")],
) -> Kill:
    """Enter a kill that was set on a gateway's machine; entering it again changes nothing."""
    row = enter_local_kill(session, principal, LocalKill(**body.model_dump()))
    return kills.kill_view(row)


@router.get("/kills")
def get_kills(
    session: Reading, page: Paged, _: Annotated[Principal, allow(Permission.READ)]
) -> list[Kill]:
    """Kills in force."""
    return [kills.kill_view(row) for row in kills.active_kills(session, page)]


@router.delete("/kills/{model}")
def delete_kill(
    session: Writing,
    model: str,
    body: ReasonIn,
    principal: Annotated[Principal, allow(Permission.KILL, Action.KILL_CLEAR, "kill:{model}")],
) -> Kill:
    """End a kill; the model's release stays paused at 0 %."""
    return kills.kill_view(kills.clear_kill(session, principal, model, body.reason))
