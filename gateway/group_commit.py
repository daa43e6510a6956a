"""Group commit: whoever waits for the disk is answered by one fdatasync, made in a thread.

While one runs, later waiters gather for the next: the busier the log, the more decisions
share a flush. A flush that other calls are about to need waits for them a moment, as PostgreSQL's
commit_delay does: callers whom two flushes answer come back in two groups, and every batch after
that is half as large. Files handed over by a rotation are flushed and closed here as well.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

OnFailure = Callable[[OSError], None]

GATHER_S = 0.002
"""The longest that a flush waits for calls on their way; one may wait for its version longer."""


def nobody() -> int:
    """No calls: every flush begins at once."""
    return 0


class GroupCommit:
    """Made inside the event loop. ``on_failure`` must ``discard`` the file and begin another:
    after a failed flush the kernel calls its pages clean, and the next would wrongly succeed.
    """

    def __init__(
        self, folder: Path, on_failure: OnFailure, calls: Callable[[], int] = nobody
    ) -> None:
        """``calls``: how many are being answered now, those that wait here among them."""
        self.flushes = 0
        self._calls = calls
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._on_failure = on_failure
        self._file = -1
        self._renamed = False
        self._retired: list[int] = []
        self._waiting: list[asyncio.Future[bool]] = []
        self._gathered = 0
        "Decisions that wait for the next flush."
        self._gathering: asyncio.TimerHandle | None = None
        self._running = False
        self._work: Future[None] | None = None
        "The newest flush."
        self._thread = ThreadPoolExecutor(1, "decision-log")

    def follow(self, file: int) -> None:
        """Flush this file from now on, and once the folder, so that its name lasts too."""
        self._file = file
        self._renamed = True

    def retire(self, file: int) -> None:
        """Nothing more is written to this file: close it after its next flush."""
        self._retired.append(file)
        self._file = -1
        if not self._running:
            self._start()

    def discard(self, file: int) -> None:
        """Close a file without another flush. Only from ``on_failure``: then none is running."""
        # First: close(2) gives the number free even where it tells of an error.
        self._file = -1
        os.close(file)

    def wait(self, decisions: int = 1) -> "asyncio.Future[bool]":
        """Done with True once all that was written before this call is on the disk: so many
        decisions."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._gathered += decisions
        if not self._running:
            self._start_or_gather()
        return waiter

    def close(self) -> None:
        """Flush and close what is left, and wait for it; raises OSError when that fails."""
        self._thread.shutdown(wait=True)
        self._end_gathering()
        # One that ran until now, of which the loop has not heard.
        failed = self._running and self._work is not None and self._work.exception() is not None
        retired, self._retired = self._retired, []
        waiters, self._waiting = self._waiting, []
        try:
            _flush(retired, self._file, self._folder)
        except OSError:
            _answer(waiters, durable=False)
            raise
        else:
            _answer(waiters, durable=not failed)
        finally:
            os.close(self._folder)

    def _start_or_gather(self, leaving: int = 0) -> None:
        """``leaving``: calls whose decisions are on the disk, though they are not gone yet."""
        if self._calls() - self._gathered - leaving <= 0:
            self._start()
        elif self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_S, self._start)

    def _end_gathering(self) -> None:
        self._gathered = 0
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _start(self) -> None:
        decisions = self._gathered
        self._end_gathering()
        waiters, self._waiting = self._waiting, []
        retired, self._retired = self._retired, []
        folder = self._folder if self._renamed else -1
        self._renamed = False
        self._running = True
        self._work = self._thread.submit(_flush, retired, self._file, folder)
        work = asyncio.wrap_future(self._work)
        work.add_done_callback(partial(self._finished, waiters, decisions))

    def _finished(
        self,
        waiters: "list[asyncio.Future[bool]]",
        decisions: int,
        work: "asyncio.Future[None]",
    ) -> None:
        self._running = False
        self.flushes += 1
        error = work.exception()
        if isinstance(error, OSError):
            # Who came meanwhile wrote to the same file: their next flush would prove nothing.
            waiters, self._waiting = waiters + self._waiting, []
            self._gathered = 0
            self._on_failure(error)
        _answer(waiters, durable=error is None)
        if self._running:
            return
        if self._retired:
            self._start()
        elif self._waiting:
            self._start_or_gather(leaving=decisions)


def _answer(waiters: "list[asyncio.Future[bool]]", *, durable: bool) -> None:
    for waiter in waiters:
        # A caller that hung up no longer waits.
        if not waiter.done():
            waiter.set_result(durable)


def _flush(retired: list[int], file: int, folder: int) -> None:
    """Raises the first OSError, after all retired files are closed."""
    failure: OSError | None = None
    for each in (*retired, file):
        try:
            if each >= 0:
                os.fdatasync(each)
        except OSError as error:
            failure = failure or error
    for each in retired:
        try:
            os.close(each)
        except OSError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    if folder >= 0:
        os.fsync(folder)
