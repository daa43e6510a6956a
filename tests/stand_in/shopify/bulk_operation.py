"""One bulk operation: what it is at a moment of the shop's clock.

Field by field as captured at 2026-04: counts are strings, a cancelled operation has no
``completedAt``, ``url`` is null where there are no rows, ids are 32768 apart.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.stand_in.shopify.records import timestamp

STARTS_AFTER_S = 1.0
"CREATED for so long, then RUNNING."
ROWS_PER_SECOND = 5_000
"By the shop's clock; writing them here takes as long as it takes."
CANCELS_AFTER_S = 1.0
RESULT_SECONDS = 7 * 86_400


class Status(StrEnum):
    """As the schema has them."""

    CREATED = "CREATED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


ACTIVE = frozenset({Status.CREATED, Status.RUNNING, Status.CANCELING})
FINISHED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})


@dataclass(slots=True)
class Progress:
    """How far the writing is; one thread writes, all may read."""

    rows: int = 0
    root_rows: int = 0
    bytes: int = 0
    done_at: float | None = None
    "When the last row was written, in the shop's seconds; None before."
    error: str | None = None
    "ACCESS_DENIED, INTERNAL_SERVER_ERROR or TIMEOUT."


@dataclass(slots=True)
class BulkOperation:
    """Times are the shop's, in Unix seconds."""

    number: int
    query: str
    created_at: float
    group_objects: bool = False
    lag_s: float = 0.0
    "So much longer it takes, by order of a test."
    progress: Progress = field(default_factory=Progress)
    cancelled_at: float | None = None
    expired: bool = False
    "By order of a test; else after RESULT_SECONDS."
    announced: bool = False

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/BulkOperation/{self.number}"

    @property
    def finishes_at(self) -> float | None:
        """When it is over; None while nobody can know."""
        done = self.progress.done_at
        if done is None:
            return None
        takes = STARTS_AFTER_S + self.progress.rows / ROWS_PER_SECOND + self.lag_s
        return max(done, self.created_at + takes)

    def status(self, now: float) -> Status:
        """Where it stands."""
        ends = self.finishes_at
        if self.cancelled_at is not None:
            over = ends is not None and now >= self.cancelled_at + CANCELS_AFTER_S
            return Status.CANCELED if over else Status.CANCELING
        if now < self.created_at + STARTS_AFTER_S:
            return Status.CREATED
        if ends is None or now < ends:
            return Status.RUNNING
        if self.progress.error is not None:
            return Status.FAILED
        return Status.EXPIRED if self.is_gone(now) else Status.COMPLETED

    def is_gone(self, now: float) -> bool:
        """Whether the result can no longer be fetched."""
        ends = self.finishes_at
        return self.expired or (ends is not None and now >= ends + RESULT_SECONDS)

    def cancel(self, now: float) -> bool:
        """Whether it could still be cancelled."""
        if self.status(now) not in ACTIVE:
            return False
        self.cancelled_at = self.cancelled_at or now
        return True

    def shown(self, now: float, address: str) -> dict[str, Any]:
        """The fields of the GraphQL type; ``address`` is where its rows can be fetched."""
        status, progress = self.status(now), self.progress
        begun = status not in (Status.CREATED, Status.EXPIRED) or self.is_gone(now)
        rows, roots = (progress.rows, progress.root_rows) if begun else (0, 0)
        completed = status in (Status.COMPLETED, Status.EXPIRED)
        there = progress.rows > 0 and not self.is_gone(now)
        return {
            "__typename": "BulkOperation",
            "id": self.gid,
            "status": status.value,
            "type": "QUERY",
            "errorCode": progress.error if status == Status.FAILED else None,
            "createdAt": timestamp(int(self.created_at)),
            "completedAt": timestamp(int(self.finishes_at or 0)) if completed else None,
            "objectCount": str(rows),
            "rootObjectCount": str(roots),
            "fileSize": str(progress.bytes) if completed and progress.rows else None,
            "url": address if status == Status.COMPLETED and there else None,
            "partialDataUrl": address if status == Status.FAILED and there else None,
            "query": self.query,
        }

    def finish_body(self, now: float) -> dict[str, Any]:
        """The body of ``bulk_operations/finish``: in lower case."""
        shown = self.shown(now, "")
        error = shown["errorCode"]
        return {
            "admin_graphql_api_id": self.gid,
            "completed_at": shown["completedAt"],
            "created_at": shown["createdAt"],
            "error_code": error and error.lower(),
            "status": shown["status"].lower(),
            "type": "query",
        }
