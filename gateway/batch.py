"""What travels through a lane: one request's work, a batch of them, one request's answer."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.lane_worker import LaneWorker

import msgspec

from gateway import traceparent


class LaneAnswer(msgspec.Struct, frozen=True):
    """One request's outputs (name → one value per row) and where its time went."""

    outputs: dict[str, list[Any]]
    queue_us: int
    lane_us: int
    batch_rows: int


class Work(msgspec.Struct, frozen=True, eq=False):
    """One request waiting for, or in, a batch; ``deadline`` is time.monotonic, ``traceparent``
    the caller's header as it came."""

    tensors: tuple[bytes, ...]
    rows: int
    deadline: float
    future: "asyncio.Future[LaneAnswer]"
    queued_at: float
    traceparent: bytes | None = None


@dataclass(slots=True, eq=False)
class Batch:
    """Works sent in one call; ``sent_at`` is time.monotonic.

    ``tried`` are the workers that failed it before, or that are still being waited for: then
    ``twin`` is the same works' other batch, and either may answer until it ``is_over``. One that
    ``is_part`` is a half of a batch that was refused whole.
    """

    works: list[Work]
    rows: int
    sent_at: float
    tried: "tuple[LaneWorker, ...]" = ()
    twin: "Batch | None" = None
    is_over: bool = False
    is_part: bool = False

    def ends(self) -> None:
        """It is over; twins of which both are hold each other no more, nor what callers saw."""
        self.is_over = True
        twin = self.twin
        if twin is not None and twin.is_over:
            self.twin = twin.twin = None

    def unanswered(self, now: float) -> list[Work]:
        """The works that still want an answer and may still get one in time."""
        return [work for work in self.works if work.deadline > now and not work.future.done()]

    def traceparent(self) -> bytes | None:
        """The context of the first caller who keeps its trace: a call has room for one."""
        for work in self.works:
            if work.traceparent is not None:
                found = traceparent.read(work.traceparent)
                if found is not None and found.sampled:
                    return found.header()
        return None
