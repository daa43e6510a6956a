"""Kills: a model forced onto a version it once promoted, before any route is looked at."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.local_kill import LocalKill
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal, system
from control_plane.registry.history import check_once_promoted
from control_plane.registry.service import get_model
from control_plane.releases import lifecycle
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import KillRow
from control_plane.releases.order import Order
from control_plane.releases.queries import active_kill, open_release
from control_plane.releases.reviews import open_review
from control_plane.releases.service import apply

WERE_SET = "kills_were_set"
"""Member of a session's ``info``: this transaction set kills, and gateways wait for them."""


def set_kill(
    session: WriteSession,
    principal: Principal,
    model: str,
    version: str,
    reason: str,
    expires_in_s: float | None,
    *,
    local: LocalKill | None = None,
) -> KillRow:
    """Force a model onto a version and stop its canary at 0 %. Replaces an earlier kill.

    It opens a review, which somebody else must answer.

    ``local`` is the kill a gateway obeys already, told now on behalf of who set it.
    """
    principal.require(Permission.KILL)
    if not reason.strip():
        raise ContractError("reason", "why", reason)
    get_model(session, model)
    check_once_promoted(session, model, version)
    earlier = active_kill(session, model)
    if earlier is not None:
        _clear(session, earlier, principal.actor.id)
    row = KillRow(
        id=new_id() if local is None else local.id,
        model=model,
        version=version,
        reason=reason,
        set_at=clock.now(),
        set_by=principal.actor.id,
        expires_at=None if expires_in_s is None else clock.later(expires_in_s),
    )
    session.add(row)
    session.flush()
    session.info[WERE_SET] = True
    change = Change(
        action=Action.KILL_SET,
        entity=f"kill:{model}",
        before=None if earlier is None else kill_view(earlier),
        after=kill_view(row),
        reason=reason,
        on_behalf_of=None if local is None else local.actor,
        details={} if local is None else {"local_since": [None, local.at]},
    )
    record(session, principal, change)
    open_review(session, principal, row, None if local is None else local.actor)
    _halt_release(session, row)
    return row


def clear_kill(
    session: WriteSession,
    principal: Principal,
    model: str,
    reason: str,
    *,
    on_behalf_of: str | None = None,
) -> KillRow:
    """End a kill; the model's release stays paused at 0 %."""
    principal.require(Permission.KILL)
    row = active_kill(session, model)
    if row is None:
        raise NotFoundError(f"{model} is not killed")
    _end(session, principal, row, Action.KILL_CLEAR, reason, on_behalf_of)
    return row


def expire_due(session: WriteSession, serving: Mapping[str, str]) -> None:
    """End expired kills, but only where published routes already serve the forced version.

    ``serving``: model → the version that all of its routed traffic gets.
    """
    for row in due(session, serving):
        _end(session, system("kill-expiry"), row, Action.KILL_EXPIRE, "it expired")


def due(session: ReadSession, serving: Mapping[str, str]) -> list[KillRow]:
    """Kills that ``expire_due`` would end."""
    now = clock.now()
    return [
        row
        for row in active_kills(session)
        if row.expires_at and row.expires_at <= now and serving.get(row.model) == row.version
    ]


def active_kills(session: ReadSession, page: Listing = EVERYTHING) -> list[KillRow]:
    """All kills in force, by model."""
    query = select(KillRow).where(col(KillRow.cleared_at).is_(None))
    return page.rows(session, query, col(KillRow.model))


def kill_view(row: KillRow) -> dict[str, Any]:
    """A kill as the API and the register show it."""
    return row.model_dump()


def _halt_release(session: WriteSession, kill: KillRow) -> None:
    release = open_release(session, kill.model)
    if release is not None and State(release.state) in lifecycle.STARTED:
        order = Order(reason=f"{kill.model} was killed: {kill.reason}")
        apply(session, system("kill"), release, Verb.HALT, order)


def _end(
    session: WriteSession,
    principal: Principal,
    row: KillRow,
    action: Action,
    reason: str,
    on_behalf_of: str | None = None,
) -> None:
    before = kill_view(row)
    _clear(session, row, principal.actor.id)
    change = Change(
        action=action,
        entity=f"kill:{row.model}",
        before=before,
        after=kill_view(row),
        reason=reason,
        on_behalf_of=on_behalf_of,
    )
    record(session, principal, change)


def _clear(session: WriteSession, row: KillRow, by: str) -> None:
    row.cleared_at, row.cleared_by = clock.now(), by
    session.add(row)
    session.flush()
