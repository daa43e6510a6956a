"""What somebody may do about a freeze window now; the rules are those of ``freezes``.

``freezes`` refuses what is not here, and ``test_freeze_options`` holds the two together.
"""

from dataclasses import dataclass

from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.approvals.hands import is_independent
from control_plane.db import ReadSession
from control_plane.errors import ForbiddenError
from control_plane.principal import Permission, Principal
from control_plane.releases.binding import live_approvers
from control_plane.releases.freezes import exemptions
from control_plane.releases.models import FreezeRow, ReleaseRow
from control_plane.releases.queries import open_releases


@dataclass(frozen=True)
class FreezeOptions:
    """``exempts``: open releases whose present content this person may exempt."""

    cancel: bool = False
    end: bool = False
    exempts: tuple[ReleaseRow, ...] = ()


def freeze_options(session: ReadSession, principal: Principal, row: FreezeRow) -> FreezeOptions:
    """Nothing for a window that is over."""
    now = clock.now()
    if row.ended_at is not None or row.ends_at <= now:
        return FreezeOptions()
    begun = row.starts_at <= now
    approves = Permission.RELEASES_APPROVE in principal.permissions
    may_judge = approves and _is_second(session, principal, row)
    return FreezeOptions(
        cancel=not begun and Permission.FREEZES in principal.permissions,
        end=may_judge,
        exempts=tuple(_exempts(session, principal, row)) if may_judge else (),
    )


def _exempts(session: ReadSession, principal: Principal, row: FreezeRow) -> list[ReleaseRow]:
    given = {each.release for each in exemptions(session, row.id)}
    return [
        release
        for model, release in sorted(open_releases(session).items())
        if (row.models is None or model in row.models)
        and release.id not in given
        and _is_another(session, principal, release)
    ]


def _is_second(session: ReadSession, principal: Principal, row: FreezeRow) -> bool:
    """Whether they are a person independent of who made the window."""
    if principal.person is None or principal.person == row.created_by:
        return False
    return is_independent(session, principal.person, {row.created_by})


def _is_another(session: ReadSession, principal: Principal, release: ReleaseRow) -> bool:
    """Whether they neither shaped nor approved its present content, nor depend on who did."""
    try:
        person = approvals.check_second_person(session, principal, release.id)
    except ForbiddenError:
        return False
    approvers = live_approvers(session, release)
    return person not in approvers and is_independent(session, person, approvers)
