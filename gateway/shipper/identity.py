"""What a segment is known by, here, in the lake and in the register."""

import msgspec

from bentos.decision_lake.parts import segment_file


class SegmentIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Its sequence numbers in one boot and the Merkle root (hex) over its decisions' leaves.

    ``seq`` is gapless, so ``count`` is last − first + 1. Holds at least one decision.
    """

    gateway: str
    boot: str
    first_seq: int
    last_seq: int
    count: int
    root: str

    @property
    def name(self) -> str:
        """Names the segment's files in the lake: the same segment, the same files."""
        return segment_file(self.gateway, self.boot, self.first_seq)
