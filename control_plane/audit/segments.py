"""Decision segments: their Merkle roots become register events, so no decision drops unseen."""

import re
from dataclasses import dataclass

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.redaction import segment_entity
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.models import SegmentRow
from control_plane.audit.service import Change, record
from control_plane.db import WriteSession
from control_plane.errors import PolicyError
from control_plane.principal import Principal

_ROOT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Identity of a closed segment; ``root`` is hex over its decisions' leaves."""

    gateway: str
    boot: str
    first_seq: int
    last_seq: int
    count: int
    root: str

    def __post_init__(self) -> None:
        """Refuse what cannot be a segment."""
        if self.first_seq < 0:
            raise ContractError("first_seq", "at least 0", self.first_seq)
        if self.last_seq < self.first_seq:
            raise ContractError("last_seq", f"at least first_seq {self.first_seq}", self.last_seq)
        whole = self.last_seq - self.first_seq + 1
        if self.count != whole:
            raise ContractError("count", f"{whole}, as seq is gapless", self.count)
        if not _ROOT.fullmatch(self.root):
            raise ContractError("root", "64 hex digits", self.root)


def register_segment(session: WriteSession, principal: Principal, segment: Segment) -> bool:
    """Record a segment. False if exactly this one was recorded before.

    One that leaves sequence numbers out after the segment before it (a boot starts at 0) is
    taken, and its event names the gap.

    Raises PolicyError when it overlaps another segment of the same boot.
    """
    overlapping = session.exec(
        select(SegmentRow).where(
            col(SegmentRow.gateway) == segment.gateway,
            col(SegmentRow.boot) == segment.boot,
            col(SegmentRow.first_seq) <= segment.last_seq,
            col(SegmentRow.last_seq) >= segment.first_seq,
        )
    ).first()
    members = segment.__dict__
    if overlapping is not None:
        if all(getattr(overlapping, name) == value for name, value in members.items()):
            return False
        raise PolicyError(
            f"segment {segment.first_seq}-{segment.last_seq} of boot {segment.boot} overlaps "
            f"the recorded {overlapping.first_seq}-{overlapping.last_seq}"
        )
    gap = _gap(session, segment)
    session.add(SegmentRow(**members, at=clock.now()))
    entity = segment_entity(segment.gateway, segment.boot, segment.first_seq)
    change = Change(
        action=Action.SEGMENT_REGISTER,
        entity=entity,
        after=dict(members),
        details={} if gap is None else {"gap": list(gap)},
    )
    record(session, principal, change)
    return True


def _gap(session: WriteSession, segment: Segment) -> tuple[int, int] | None:
    """First and last sequence number missing before a segment; None when it follows directly."""
    before = session.exec(
        select(SegmentRow.last_seq)
        .where(
            col(SegmentRow.gateway) == segment.gateway,
            col(SegmentRow.boot) == segment.boot,
            col(SegmentRow.last_seq) < segment.first_seq,
        )
        .order_by(col(SegmentRow.last_seq).desc())
        .limit(1)
    ).first()
    expected = 0 if before is None else before + 1
    return None if segment.first_seq == expected else (expected, segment.first_seq - 1)
