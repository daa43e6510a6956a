"""Migrates a database that holds something only after a backup of it was taken."""

from dataclasses import dataclass
from pathlib import Path

from bentos.contract.register import Action
from control_plane.audit.service import Change, record
from control_plane.backup.archive import BackupManifest
from control_plane.backup.person import principal, user
from control_plane.backup.taking import default_path, take
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.migrations.upgrade import Plan, plan_upgrade, upgrade


@dataclass(frozen=True)
class Upgraded:
    """``backup``: where it lies; None when there was nothing to lose, or to do."""

    plan: Plan
    backup: Path | None


def upgrade_safely(settings: Settings) -> Upgraded:
    """Backup, migrate, and say so in the register.

    Of replicas that start together each may take a backup, one migrates. Raises ContractError
    for a database of a newer release, UnavailableError, OSError when the backup fails.
    """
    planned = plan_upgrade(settings.database)
    backup = None
    if planned.before is not None and planned.steps:
        path = default_path(settings, f"-before-{planned.after}")
        manifest = take(settings, path)
        backup = path
    done = upgrade(settings.database)
    if backup is not None and done.steps:
        _tell(settings, done, manifest)
    return Upgraded(done, backup)


def _tell(settings: Settings, plan: Plan, manifest: BackupManifest) -> None:
    change = Change(
        action=Action.INSTALLATION_UPGRADE,
        entity="installation",
        before={"schema": plan.before},
        after={"schema": plan.after},
        on_behalf_of=user(),
        details={"backup": manifest.digest()},
    )
    database = Database(settings.database)
    try:
        with database.write() as session:
            record(session, principal("upgrade"), change)
    finally:
        database.dispose()
