"""All bulk operations of an app on a shop: five at a time, each written by a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from graphql import GraphQLError

from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.bulk_faults import BulkFaults
from tests.stand_in.shopify.bulk_lines import Found, lines
from tests.stand_in.shopify.bulk_operation import ACTIVE, FINISHED, BulkOperation
from tests.stand_in.shopify.bulk_projection import compiled
from tests.stand_in.shopify.bulk_query import BulkQuery
from tests.stand_in.shopify.signed_address import SignedAddress

MAX_ACTIVE = 5
FIRST_NUMBER = 7_933_223_797_042
APART = 32_768
BUFFER = 1 << 20


class Busy(Exception):
    """All slots are taken; the text is Shopify's."""


class BulkOperations:
    """Of one app on one shop; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float], folder: Path) -> None:
        """``clock`` is the shop's time in Unix seconds; results are written into ``folder``."""
        self.faults = BulkFaults()
        self.address = SignedAddress()
        self.on_finished: Callable[[dict[str, Any]], None] = lambda _: None
        self.clock = clock
        self._folder = folder
        self._all: dict[int, BulkOperation] = {}
        self._lock = threading.Lock()
        self._threads: dict[int, threading.Thread] = {}
        self._stopped = threading.Event()

    def run(self, asking: Asking, query: BulkQuery, text: str, *, grouped: bool) -> BulkOperation:
        """Begin an operation; raises Busy."""
        with self._lock:
            now = self.clock()
            busy = [each.gid for each in self._all.values() if each.status(now) in ACTIVE]
            if len(busy) >= MAX_ACTIVE:
                raise Busy(
                    "A bulk query operation for this app and shop is already in progress: "
                    f"{', '.join(busy)}."
                )
            number = FIRST_NUMBER + APART * len(self._all)
            operation = BulkOperation(number, text, now, grouped, lag_s=self.faults.lag_s)
            self._all[number] = operation
        fails_after = self.faults.next_failure()
        thread = threading.Thread(
            target=self._write, args=(asking, query, operation, fails_after), daemon=True
        )
        self._threads[number] = thread
        thread.start()
        return operation

    def get(self, number: int) -> BulkOperation | None:
        """One operation."""
        return self._all.get(number)

    def all(self) -> list[BulkOperation]:
        """Every operation, oldest first."""
        return list(self._all.values())

    def shown(self, operation: BulkOperation) -> dict[str, Any]:
        """As the schema has it, now."""
        now = self.clock()
        ends = operation.finishes_at or now
        return operation.shown(now, self.address.of(operation.number, ends))

    def created(self, operation: BulkOperation) -> dict[str, Any]:
        """As the reply to its start always shows it, however fast the clock."""
        return operation.shown(operation.created_at, "")

    def file(self, number: int) -> Path:
        """Where the rows lie."""
        return self._folder / f"bulk-{number}.jsonl"

    def written(self, number: int) -> None:
        """Wait until an operation's rows are all there: tests whose clock stands still."""
        self._threads[number].join()

    def stop(self) -> None:
        """End what is still being written: the shop it is read from is about to go."""
        self._stopped.set()
        for thread in self._threads.values():
            thread.join()

    def announce_finished(self) -> None:
        """Tell of operations that are over and were not told of yet."""
        now = self.clock()
        for operation in self.all():
            if not operation.announced and operation.status(now) in FINISHED:
                operation.announced = True
                self.on_finished(operation.finish_body(now))

    def _write(
        self, asking: Asking, query: BulkQuery, operation: BulkOperation, fails_after: int | None
    ) -> None:
        progress = operation.progress
        try:
            found = lines(compiled(query, asking), grouped=operation.group_objects)
            self._write_lines(operation, found, fails_after)
        except GraphQLError:
            progress.error = "ACCESS_DENIED"
        except _Failed:
            progress.error = self.faults.error_code
        except Exception:
            progress.error = "INTERNAL_SERVER_ERROR"
            raise
        finally:
            progress.done_at = self.clock()

    def _write_lines(
        self, operation: BulkOperation, found: Iterator[Found], fails_after: int | None
    ) -> None:
        progress = operation.progress
        with self.file(operation.number).open("wb", buffering=BUFFER) as file:
            for line, is_root in found:
                if fails_after is not None and progress.rows >= fails_after:
                    raise _Failed
                file.write(line)
                progress.rows += 1
                progress.root_rows += is_root
                progress.bytes += len(line)
                if operation.cancelled_at is not None or self._stopped.is_set():
                    return


class _Failed(Exception):
    """A test wants it so."""
