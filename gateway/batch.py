"""What travels through a lane: one request's work, a batch of them, one request's answer."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec


class LaneAnswer(msgspec.Struct, frozen=True):
    """One request's outputs (name → one value per row) and where its time went."""

    outputs: dict[str, list[Any]]
    queue_us: int
    lane_us: int
    batch_rows: int


class Work:
    """One request waiting for, or in, a batch."""

    __slots__ = ("deadline", "future", "queued_at", "rows", "tensors")

    def __init__(
        self,
        tensors: tuple[bytes, ...],
        rows: int,
        deadline: float,
        future: "asyncio.Future[LaneAnswer]",
        queued_at: float,
    ) -> None:
        self.tensors = tensors
        self.rows = rows
        self.deadline = deadline
        self.future = future
        self.queued_at = queued_at


@dataclass(slots=True)
class Batch:
    """Works sent in one call; ``sent_at`` is loop time."""

    works: list[Work]
    rows: int
    sent_at: float
