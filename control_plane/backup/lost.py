"""What happened after a backup was taken and is lost with its restoration, as far as it shows.

The replaced database tells it exactly; else the copies of the register's checkpoints tell how
many events there were at least.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.offline.notes import Unproven, parse_note
from control_plane.backup import revocations
from control_plane.backup.archive import BackupManifest
from control_plane.backup.revocations import Taken
from control_plane.backup.rows import tables_of
from control_plane.config import Settings
from control_plane.publish.models import INSTALLATION_ID


@dataclass(frozen=True)
class Before:
    """The database that is replaced."""

    epoch: int
    size: int
    taken: Taken = field(default_factory=dict)
    """What was taken away in it."""


@dataclass(frozen=True)
class Lost:
    """``events``: of the register; ``exact`` if no more can have been lost than these.

    ``epoch``: the highest that is known to have been given.
    """

    since: str
    events: int
    exact: bool
    epoch: int

    def told(self) -> dict[str, Any]:
        """For the register and for scripts."""
        return {"since": self.since, "events": self.events, "exact": self.exact}

    def __str__(self) -> str:
        if self.exact and not self.events:
            return f"nothing happened after {self.since}"
        least = "" if self.exact else "at least "
        return f"{least}{self.events} register events after {self.since}, and what they tell of"


def look(connection: Connection) -> Before | None:
    """The installation of a database; None when there is none."""
    tables = {table.name: table for table in tables_of(connection)}
    if "installation" not in tables or "register_head" not in tables:
        return None
    installation, head = tables["installation"], tables["register_head"]
    epoch = connection.scalar(
        select(installation.c.epoch).where(installation.c.id == INSTALLATION_ID)
    )
    if epoch is None:
        return None
    size = connection.scalar(select(head.c.size)) or 0
    return Before(epoch, size, revocations.look(connection, tables))


def compare(settings: Settings, manifest: BackupManifest, before: Before | None) -> Lost:
    """What is lost by restoring. The same history only if the epochs are one."""
    held = manifest.register_size
    if before is not None and before.epoch == manifest.epoch:
        return Lost(manifest.at, max(before.size - held, 0), True, before.epoch)
    copied = _copied_size(settings, manifest)
    epoch = max(manifest.epoch, before.epoch if before else 0)
    return Lost(manifest.at, max(copied - held, 0), False, epoch)


def _copied_size(settings: Settings, manifest: BackupManifest) -> int:
    """Of the newest checkpoint in the second place; only a hint, so its signature is not asked."""
    copies = CheckpointCopies(settings.checkpoint_copies)
    origin = f"signalbox/{manifest.shop}/{manifest.environment}/{manifest.epoch}"
    try:
        note = copies.newest(origin)
        return 0 if note is None else int(parse_note(note).text.splitlines()[1])
    except (OSError, Unproven, ValueError, IndexError):
        return 0
