"""What others ask about the upstream: is a model followed, and what came of it."""

from typing import Any

from sqlmodel import col, select

from control_plane.db import ReadSession
from control_plane.follow.models import FollowRow
from control_plane.snapshot import once


def standing(session: ReadSession) -> FollowRow | None:
    """The one that is proposed or in force."""
    query = select(FollowRow).where(col(FollowRow.ended_at).is_(None))
    return once(session, "followed upstream", lambda: session.exec(query).first())


def in_force(session: ReadSession) -> FollowRow | None:
    """The one that two persons agreed on and nobody ended."""
    row = standing(session)
    return row if row is not None and row.approved_at is not None else None


def why_followed(session: ReadSession, model: str) -> str | None:
    """Why our own releases of this model do not move; None when they may."""
    row = in_force(session)
    if row is None or model not in row.models:
        return None
    return f"{model} follows an upstream GrowthBook ({row.id}); end that first"


def followed_features(session: ReadSession) -> dict[str, Any]:
    """Model → its last good feature from upstream."""
    row = in_force(session)
    return dict(row.accepted) if row is not None else {}
