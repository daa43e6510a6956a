"""Bulk operations: started, waited for, adopted again after a kill (facts: Admin API 2026-10).

Shopify runs five at once for one app and shop. The webhook that says one is finished is not
promised to come, so it is asked for until it ends; where it comes, it is asked for at once.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

import msgspec

from bentos.shopify_admin.clock import Clock
from bentos.shopify_admin.errors import AccessDenied, Refused
from training.shop.errors import SyncError

FIRST_POLL_S = 1.0
LAST_POLL_S = 30.0
HINT_S = 1.0
"Between two looks for what the webhook said."
BUSY_S = 30.0
SLOTS_PATIENCE_S = 6 * 3600.0
"Another app part of ours may hold all five slots; after so long something is wrong."
RUN_PATIENCE_S = 10 * 24 * 3600.0
"Shopify ends an operation after ten days by itself."
LISTED = 50
BUSY = {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}
ALIVE = {"CREATED", "RUNNING", "COMPLETED"}


Hinted: TypeAlias = Callable[[str], bool]
"Whether somebody said, since it was last looked for, that an operation has ended."


def unhinted(_: str) -> bool:
    """Where no webhooks come: nobody says anything."""
    return False


class Admin(Protocol):
    """What the sync needs of the client of the Admin API."""

    def execute(self, name: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The data a document gives."""
        ...

    def download(self, url: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """A result from a byte on; ``size`` is that of the whole."""
        ...


class Operation(msgspec.Struct, frozen=True, rename="camel"):
    """A bulk operation as Shopify shows it; numbers are strings there."""

    id: str
    status: str
    created_at: datetime
    error_code: str | None = None
    file_size: str | int | None = None
    url: str | None = None
    partial_data_url: str | None = None
    query: str | None = None


class Ended(Exception):
    """An operation that gives no whole result; it has to be run again.

    ``why``: its status, or ``lost``. ``partial``: where what it had so far lies.
    """

    def __init__(self, why: str, partial: str | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.partial = partial


class Operations:
    """The operations of one shop."""

    def __init__(self, admin: Admin, clock: Clock, hinted: Hinted = unhinted) -> None:
        self._admin = admin
        self._clock = clock
        self._hinted = hinted

    def start(self, text: str) -> Operation:
        """Start one, waiting for a free slot; raises SyncError when none gets free."""
        until = self._clock.monotonic() + SLOTS_PATIENCE_S
        while True:
            started = self._try_start(text)
            if started is not None:
                return started
            if self._clock.monotonic() > until:
                raise SyncError(
                    "all five bulk operations of this shop have been busy for "
                    f"{SLOTS_PATIENCE_S / 3600:.0f} hours; cancel one, then sync again"
                )
            self._clock.sleep(BUSY_S)

    def ours(self, text: str, not_before: datetime) -> Operation | None:
        """One with this text that was started since: by us, before we could note its id."""
        listed = self._admin.execute("bulk_running", {"first": LISTED})
        found = msgspec.convert(listed["bulkOperations"]["nodes"], tuple[Operation, ...])
        for operation in found:
            alike = operation.query is not None and operation.query.strip() == text.strip()
            if alike and operation.status in ALIVE and operation.created_at >= not_before:
                return operation
        return None

    def finished(self, identifier: str) -> Operation:
        """Wait for the end of one; raises Ended unless it completed, and AccessDenied where it
        never will: the app lacks a scope."""
        pause = FIRST_POLL_S
        until = self._clock.monotonic() + RUN_PATIENCE_S
        while self._clock.monotonic() < until:
            found = self._admin.execute("bulk_status", {"id": identifier}).get("bulkOperation")
            if found is None:
                raise Ended("lost")
            operation = msgspec.convert(found, Operation)
            if operation.status == "COMPLETED":
                return operation
            if operation.status not in {"CREATED", "RUNNING", "CANCELING"}:
                raise _end_of(operation)
            self._wait(identifier, pause)
            pause = min(2 * pause, LAST_POLL_S)
        raise Ended("lost")

    def _wait(self, identifier: str, seconds: float) -> None:
        """Until it is to be asked for again: so long, or until it is said to have ended."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0 and not self._hinted(identifier):
            self._clock.sleep(min(left, HINT_S))

    def _try_start(self, text: str) -> Operation | None:
        try:
            payload = self._admin.execute("bulk_start", {"query": text})["bulkOperationRunQuery"]
        except Refused as refused:
            if BUSY.isdisjoint(refused.codes):
                raise
            return None
        errors = payload.get("userErrors") or []
        if any(error.get("code") in BUSY for error in errors):
            return None
        if errors or not payload.get("bulkOperation"):
            raise Refused("bulk operation", [str(error.get("code")) for error in errors], errors)
        return msgspec.convert(payload["bulkOperation"], Operation)


def _end_of(operation: Operation) -> Ended | AccessDenied:
    code = operation.error_code
    if code == "ACCESS_DENIED":
        hint = "Give the app the scopes it lacks, and let the merchant approve them."
        return AccessDenied(f"The bulk operation may not read this ({code})", hint)
    why = operation.status if code is None else f"{operation.status} ({code})"
    return Ended(why, operation.partial_data_url)
