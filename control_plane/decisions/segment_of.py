"""Which registered segment a decision is of, by its gateway, boot and number."""

from typing import Any

from sqlmodel import col, select

from control_plane.audit.models import SegmentRow
from control_plane.db import ReadSession


def segment_of(session: ReadSession, row: dict[str, Any]) -> SegmentRow | None:
    """None while it is not registered."""
    query = select(SegmentRow).where(
        col(SegmentRow.gateway) == row["gateway"],
        col(SegmentRow.boot) == row["boot"],
        col(SegmentRow.first_seq) <= row["seq"],
        col(SegmentRow.last_seq) >= row["seq"],
    )
    return session.exec(query).first()
