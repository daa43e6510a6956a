"""HTTP of releases, kills and models."""

from typing import Annotated, Any

from fastapi import APIRouter

from bentos.contract.errors import ContractError
from bentos.contract.local_kill import LocalKill
from bentos.contract.register import Action
from control_plane.auth import allow, allow_verb
from control_plane.errors import NotFoundError
from control_plane.parts import Reading, Writing
from control_plane.principal import Permission, Principal
from control_plane.registry.service import version_summary
from control_plane.releases import kills, queries, service
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.local_kills import enter_local_kill
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

router = APIRouter(prefix="/api/v1")
VERBS = frozenset(Verb) - {Verb.EDIT, Verb.HALT}
_RELEASE = "release:{release_id}"


@router.get("/models")
def get_models(
    session: Reading, _: Annotated[Principal, allow(Permission.READ)]
) -> list[dict[str, Any]]:
    """Every model: what serves it, its open release, its kill."""
    return Published(session).models()


@router.post("/versions/{version}/retire")
def post_retirement(
    session: Writing,
    version: str,
    body: ReasonIn,
    principal: Annotated[
        Principal, allow(Permission.VERSIONS_RETIRE, Action.VERSION_RETIRE, "version:{version}")
    ],
) -> dict[str, Any]:
    """Retire a version that nothing needs."""
    return version_summary(retire_unused(session, principal, version, body.reason))


@router.post("/releases", status_code=201)
def post_release(
    session: Writing,
    body: ReleaseIn,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_WRITE, Action.RELEASE_CREATE, "releases")
    ],
) -> dict[str, Any]:
    """Draft a release."""
    row = service.create_release(session, principal, service.Draft(**body.model_dump()))
    return Published(session).release(row)


@router.get("/releases")
def get_releases(
    session: Reading,
    _: Annotated[Principal, allow(Permission.READ)],
    model: str | None = None,
    state: State | None = None,
) -> list[dict[str, Any]]:
    """Releases, newest first."""
    published = Published(session)
    rows = queries.list_releases(session, model, state.value if state else None)
    return [published.release(row) for row in rows]


@router.get("/releases/{release_id}")
def get_release(
    session: Reading, release_id: str, _: Annotated[Principal, allow(Permission.READ)]
) -> dict[str, Any]:
    """One release."""
    return Published(session).release(queries.get_release(session, release_id))


@router.patch("/releases/{release_id}")
def patch_release(
    session: Writing,
    release_id: str,
    body: ReleaseEdit,
    principal: Annotated[
        Principal, allow(Permission.RELEASES_WRITE, Action.RELEASE_EDIT, _RELEASE)
    ],
) -> dict[str, Any]:
    """Edit a release that has not started: back to draft, approvals void."""
    changes = body.model_dump(exclude_unset=True)
    expected = changes.pop("expected_revision", None)
    for name in ("candidate", "shadow", "steps", "reason"):
        if name in changes and changes[name] is None:
            raise ContractError(name, "a value", None, "Leave it out to keep what it is.")
    row = service.edit_release(session, principal, release_id, changes, expected)
    return Published(session).release(row)


@router.post("/releases/{release_id}/{verb}")
def post_verb(
    session: Writing,
    release_id: str,
    verb: str,
    body: OrderIn,
    principal: Annotated[Principal, allow_verb()],
) -> dict[str, Any]:
    """Move a release: submit approve refuse schedule start ramp lower pause …"""
    if verb not in VERBS:
        raise NotFoundError(f"no verb {verb}: there are {', '.join(sorted(VERBS))}")
    order = service.Order(**body.model_dump())
    row = service.act(session, principal, release_id, Verb(verb), order)
    return Published(session).release(row)


@router.post("/kills", status_code=201)
def post_kill(
    session: Writing,
    body: KillIn,
    principal: Annotated[Principal, allow(Permission.KILL, Action.KILL_SET, "kills")],
) -> dict[str, Any]:
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
) -> dict[str, Any]:
    """Enter a kill that was set on a gateway's machine; entering it again changes nothing."""
    row = enter_local_kill(session, principal, LocalKill(**body.model_dump()))
    return kills.kill_view(row)


@router.get("/kills")
def get_kills(
    session: Reading, _: Annotated[Principal, allow(Permission.READ)]
) -> list[dict[str, Any]]:
    """Kills in force."""
    return [kills.kill_view(row) for row in kills.active_kills(session)]


@router.delete("/kills/{model}")
def delete_kill(
    session: Writing,
    model: str,
    body: ReasonIn,
    principal: Annotated[Principal, allow(Permission.KILL, Action.KILL_CLEAR, "kill:{model}")],
) -> dict[str, Any]:
    """End a kill; the model's release stays paused at 0 %."""
    return kills.kill_view(kills.clear_kill(session, principal, model, body.reason))
