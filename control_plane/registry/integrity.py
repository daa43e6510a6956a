"""Whether a stored version is still what was registered."""

from sqlmodel import col, select

from bentos.contract import canonical
from bentos.contract.register import Action
from control_plane.audit.models import EventRow
from control_plane.db import ReadSession
from control_plane.registry.models import VersionRow

_PINNED = ("version", "model", "bento_digest")


def why_tampered(session: ReadSession, row: VersionRow) -> str | None:
    """What differs from its registration; None when nothing does.

    Compared with the manifest's digest and with the event of its registration: that one stands
    in the register, where a change would break the tree.
    """
    if canonical.digest(row.manifest) != row.manifest_digest:
        return f"the manifest of {row.version} is not the one that was registered"
    if any(row.manifest[name] != getattr(row, name) for name in _PINNED):
        return f"{row.version} differs from its manifest"
    if row.manifest_digest not in _registered(session, row.version):
        return f"the register knows {row.version} by another manifest"
    return None


def _registered(session: ReadSession, version: str) -> set[str]:
    query = select(EventRow).where(
        col(EventRow.entity) == f"version:{version}",
        col(EventRow.action) == Action.VERSION_REGISTER.value,
    )
    return {row.diff["manifest_digest"][1] for row in session.exec(query)}
