"""Freeze windows: times in which no release of some models, or of any, goes forward.

Going back, pausing and killing are never frozen. A window can be called off by those who make
windows until it begins. Once it is in force it takes a second person: to end it for all, or to
exempt one content of one release.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.approvals.hands import check_independent
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal
from control_plane.registry.service import get_model
from control_plane.releases import lifecycle
from control_plane.releases.binding import bound_digest, live_approvers
from control_plane.releases.lifecycle import State
from control_plane.releases.models import FreezeExemptionRow, FreezeRow, ReleaseRow
from control_plane.snapshot import once

LONGEST_S = 366 * 86_400
MAX_MODELS = 100


@dataclass(frozen=True, kw_only=True)
class Window:
    """A freeze to be. ``starts_at`` None: now; ``models`` None: all, also those to come."""

    ends_at: str
    reason: str
    starts_at: str | None = None
    models: Sequence[str] | None = None
    ticket: str | None = None


def create_freeze(session: WriteSession, principal: Principal, window: Window) -> FreezeRow:
    """Make a window; raises ContractError, or NotFoundError for a model that does not exist."""
    principal.require(Permission.FREEZES)
    now = clock.now()
    starts_at = now if window.starts_at is None else clock.parse(window.starts_at, "starts_at")
    ends_at = clock.parse(window.ends_at, "ends_at")
    if not max(now, starts_at) < ends_at:
        raise ContractError("ends_at", "a time after now and after starts_at", window.ends_at)
    if clock.seconds_between(starts_at, ends_at) > LONGEST_S:
        raise ContractError("ends_at", f"at most {LONGEST_S} s after starts_at", window.ends_at)
    row = FreezeRow(
        id=new_id(),
        starts_at=starts_at,
        ends_at=ends_at,
        models=_checked(session, window.models),
        reason=window.reason,
        ticket=window.ticket,
        created_at=now,
        created_by=principal.actor.id,
    )
    session.add(row)
    session.flush()
    change = Change(
        action=Action.FREEZE_CREATE,
        entity=f"freeze:{row.id}",
        after=freeze_view(row),
        reason=row.reason,
        ticket=row.ticket,
    )
    record(session, principal, change)
    return row


def cancel_freeze(
    session: WriteSession, principal: Principal, freeze_id: str, reason: str
) -> FreezeRow:
    """Call off a window that has not begun; raises PolicyError once it has."""
    principal.require(Permission.FREEZES)
    row = _standing(session, freeze_id)
    if row.starts_at <= clock.now():
        raise PolicyError("it is in force: an approver who did not make it may end it")
    return _end(session, principal, row, reason)


def end_freeze(
    session: WriteSession, principal: Principal, freeze_id: str, reason: str
) -> FreezeRow:
    """End a window in force, for everybody; raises ForbiddenError for who made it."""
    principal.require(Permission.RELEASES_APPROVE)
    row = _standing(session, freeze_id)
    if principal.person is None or principal.person == row.created_by:
        raise ForbiddenError("a freeze in force is ended by a person who did not make it")
    check_independent(session, principal.person, {row.created_by})
    return _end(session, principal, row, reason)


def exempt(
    session: WriteSession, principal: Principal, freeze_id: str, release: ReleaseRow, reason: str
) -> FreezeExemptionRow:
    """Let a release's present content go forward in a window.

    Raises ForbiddenError for whoever shaped or approved that content, or made the window: the
    exemption is one more pair of eyes, which look at the content and at the date.
    """
    principal.require(Permission.RELEASES_APPROVE)
    row = _standing(session, freeze_id)
    person = approvals.check_second_person(session, principal, release.id)
    if person == row.created_by:
        raise ForbiddenError(f"{person} made this freeze")
    approvers = live_approvers(session, release)
    if person in approvers:
        raise ForbiddenError(f"{person} approved this release: another approver exempts it")
    check_independent(session, person, {row.created_by, *approvers})
    if not _covers(row, release.model):
        raise PolicyError(f"this freeze does not cover {release.model}")
    if State(release.state) in lifecycle.CLOSED:
        raise PolicyError(f"the release is {release.state}")
    exemption = FreezeExemptionRow(
        id=new_id(),
        freeze=row.id,
        release=release.id,
        content_digest=bound_digest(session, release),
        person=person,
        at=clock.now(),
        reason=reason,
    )
    session.add(exemption)
    session.flush()
    change = Change(
        action=Action.FREEZE_EXEMPT,
        entity=f"freeze:{row.id}",
        after=exemption.model_dump(),
        reason=reason,
        ticket=release.ticket,
    )
    record(session, principal, change)
    return exemption


def frozen_by(session: ReadSession, row: ReleaseRow, at: str | None = None) -> FreezeRow | None:
    """The window that keeps a release from going forward, now or ``at`` a time ahead.

    None too where every such window has an exemption of the present content that still counts.
    """
    moments = {at} if at else {clock.now(), _latest_event(session)}
    for freeze in once(session, "freezes", lambda: list_freezes(session)):
        inside = any(freeze.starts_at <= moment < freeze.ends_at for moment in moments)
        if inside and _covers(freeze, row.model) and not _is_exempt(session, freeze, row):
            return freeze
    return None


def why_frozen(session: ReadSession, row: ReleaseRow) -> list[str]:
    """The reason in words; empty when nothing is frozen."""
    freeze = frozen_by(session, row)
    if freeze is None:
        return []
    what = "every model" if freeze.models is None else row.model
    return [f"{what} is frozen until {freeze.ends_at} ({freeze.reason}); freeze {freeze.id}"]


def list_freezes(
    session: ReadSession, *, past: bool = False, page: Listing = EVERYTHING
) -> list[FreezeRow]:
    """Windows by their start: those that are or will be in force, or all of them."""
    query = select(FreezeRow)
    if not past:
        query = query.where(col(FreezeRow.ended_at).is_(None), col(FreezeRow.ends_at) > clock.now())
    return page.rows(session, query, col(FreezeRow.starts_at), col(FreezeRow.id))


def get_freeze(session: ReadSession, freeze_id: str) -> FreezeRow:
    """The window, or NotFoundError."""
    row = session.get(FreezeRow, freeze_id)
    if row is None:
        raise NotFoundError(f"no freeze {freeze_id}")
    return row


def freeze_view(row: FreezeRow) -> dict[str, Any]:
    """A window as the API and the register show it."""
    return row.model_dump()


def exemptions(session: ReadSession, freeze_id: str) -> list[FreezeExemptionRow]:
    """All that were given for a window, oldest first."""
    query = select(FreezeExemptionRow).where(col(FreezeExemptionRow.freeze) == freeze_id)
    return list(session.exec(query.order_by(col(FreezeExemptionRow.at))))


def _end(session: WriteSession, principal: Principal, row: FreezeRow, reason: str) -> FreezeRow:
    before = freeze_view(row)
    row.ended_at, row.ended_by = clock.now(), principal.actor.id
    session.add(row)
    session.flush()
    change = Change(
        action=Action.FREEZE_END,
        entity=f"freeze:{row.id}",
        before=before,
        after=freeze_view(row),
        reason=reason,
    )
    record(session, principal, change)
    return row


def _standing(session: ReadSession, freeze_id: str) -> FreezeRow:
    row = get_freeze(session, freeze_id)
    if row.ended_at is not None or row.ends_at <= clock.now():
        raise PolicyError("this freeze is over")
    return row


def _checked(session: ReadSession, models: Sequence[str] | None) -> list[str] | None:
    if models is None:
        return None
    if not 0 < len(models) <= MAX_MODELS:
        raise ContractError("models", f"1 to {MAX_MODELS} models, or none for all", list(models))
    for name in models:
        get_model(session, name)
    return sorted(set(models))


def _covers(freeze: FreezeRow, model: str) -> bool:
    return freeze.models is None or model in freeze.models


def _is_exempt(session: ReadSession, freeze: FreezeRow, row: ReleaseRow) -> bool:
    given = [each for each in exemptions(session, freeze.id) if each.release == row.id]
    if not given:
        return False
    able, content = approvals.judges(session, row.id), bound_digest(session, row)
    edited = _last_edit(session, row)
    return any(
        each.content_digest == content and each.person in able and each.at > edited
        for each in given
    )


def _last_edit(session: ReadSession, row: ReleaseRow) -> str:
    """When its content was last sent back: an edit voids, even if it is edited back later."""
    query = select(EventRow.at).where(
        col(EventRow.entity) == f"release:{row.id}",
        col(EventRow.action) == Action.RELEASE_EDIT.value,
        col(EventRow.outcome) == Outcome.ALLOWED.value,
    )
    return session.exec(query.order_by(col(EventRow.seq).desc()).limit(1)).first() or ""


def _latest_event(session: ReadSession) -> str:
    """When the register last wrote, if that lies ahead: then the clock was set back since.

    Setting it back before a window's start does not lead out of the window.
    """
    query = select(EventRow.at).order_by(col(EventRow.seq).desc()).limit(1)
    newest = once(session, "the newest event's time", lambda: session.exec(query).first() or "")
    return max(newest, clock.now())
