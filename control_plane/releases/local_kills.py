"""Kills that were set on a gateway's machine while the control plane was away: told to it later.

They were obeyed before anybody asked, so nothing here can refuse what is over; what is still
in force must be a kill the control plane would have set.
"""

from bentos.contract.local_kill import LocalKill
from bentos.contract.register import Action
from control_plane.audit.service import Change, record
from control_plane.db import WriteSession
from control_plane.principal import Permission, Principal
from control_plane.registry.service import get_version
from control_plane.releases.kills import clear_kill, kill_view, set_kill
from control_plane.releases.models import KillRow
from control_plane.releases.reviews import open_review


def enter_local_kill(session: WriteSession, principal: Principal, local: LocalKill) -> KillRow:
    """Enter one into the register, as the caller on behalf of who set it; twice is once.

    One that was entered in force and then cleared on its machine ends here as well.
    """
    principal.require(Permission.KILL)
    known = session.get(KillRow, local.id)
    if known is not None:
        if local.cleared_at is not None and known.cleared_at is None:
            reason = local.cleared_reason or "cleared on the gateway's machine"
            clear_kill(session, principal, known.model, reason, on_behalf_of=local.cleared_by)
        return known
    if local.cleared_at is None:
        return set_kill(
            session, principal, local.model, local.version, local.reason, None, local=local
        )
    return _enter_cleared(session, principal, local)


def _enter_cleared(session: WriteSession, principal: Principal, local: LocalKill) -> KillRow:
    get_version(session, local.version)
    row = KillRow(
        id=local.id,
        model=local.model,
        version=local.version,
        reason=local.reason,
        set_at=local.at,
        set_by=principal.actor.id,
        cleared_at=local.cleared_at,
        cleared_by=principal.actor.id,
    )
    session.add(row)
    session.flush()
    for action, actor, reason in (
        (Action.KILL_SET, local.actor, local.reason),
        (Action.KILL_CLEAR, local.cleared_by, local.cleared_reason),
    ):
        change = Change(
            action=action,
            entity=f"kill:{local.model}",
            after=kill_view(row),
            reason=reason,
            on_behalf_of=actor,
            details={"local": [None, True]},
        )
        record(session, principal, change)
    open_review(session, principal, row, local.actor)
    return row
