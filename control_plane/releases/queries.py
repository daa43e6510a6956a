"""What the release tables are asked."""

from sqlmodel import col, select

from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.paging import EVERYTHING, Listing
from control_plane.releases.lifecycle import OPEN
from control_plane.releases.models import KillRow, ReleaseRow
from control_plane.snapshot import once


def get_release(session: ReadSession, release_id: str) -> ReleaseRow:
    """The release, or NotFoundError."""
    row = session.get(ReleaseRow, release_id)
    if row is None:
        raise NotFoundError(f"no release {release_id}")
    return row


def list_releases(
    session: ReadSession,
    model: str | None = None,
    state: str | None = None,
    page: Listing = EVERYTHING,
) -> list[ReleaseRow]:
    """Releases, newest first."""
    query = select(ReleaseRow)
    if model is not None:
        query = query.where(col(ReleaseRow.model) == model)
    if state is not None:
        query = query.where(col(ReleaseRow.state) == state)
    order = col(ReleaseRow.created_at), col(ReleaseRow.id)
    return page.rows(session, query, *order, newest_first=True)


def open_release(session: ReadSession, model: str) -> ReleaseRow | None:
    """The one release of a model that is not closed, if any."""
    query = select(ReleaseRow).where(
        col(ReleaseRow.model) == model, col(ReleaseRow.state).in_([s.value for s in OPEN])
    )
    return once(session, ("open release", model), lambda: session.exec(query).first())


def open_releases(session: ReadSession) -> dict[str, ReleaseRow]:
    """Model → its open release, for all models that have one."""
    query = select(ReleaseRow).where(col(ReleaseRow.state).in_([s.value for s in OPEN]))
    return {row.model: row for row in session.exec(query)}


def active_kill(session: ReadSession, model: str) -> KillRow | None:
    """The kill in force for a model, if any."""
    query = select(KillRow).where(col(KillRow.model) == model, col(KillRow.cleared_at).is_(None))
    return once(session, ("active kill", model), lambda: session.exec(query).first())
