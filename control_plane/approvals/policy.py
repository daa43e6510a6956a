"""What this installation asks of approvals: kept with it, so that a change of it is an event."""

from bentos.contract.register import Action
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.principal import Principal
from control_plane.publish.archive import installation
from control_plane.publish.models import INDEPENDENCE_DAYS, INSTALLATION_ID, InstallationRow
from control_plane.snapshot import once


def independence_days(session: ReadSession) -> int:
    """Days for which a hand counts; 0: never. The default where nothing is set up yet."""

    def ask() -> int:
        row = session.get(InstallationRow, INSTALLATION_ID)
        return INDEPENDENCE_DAYS if row is None else row.independence_days

    return once(session, "independence days", ask)


def settle_policy(session: WriteSession, principal: Principal, days: int) -> None:
    """Make the setting of this start the installation's, and record it if that changed it."""
    row = installation(session)
    if row.independence_days == days:
        return
    before = row.model_dump()
    row.independence_days = days
    session.add(row)
    change = Change(
        action=Action.INSTALLATION_CONFIGURE,
        entity="installation",
        before=before,
        after=row.model_dump(),
    )
    record(session, principal, change)
