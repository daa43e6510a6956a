"""The thread that makes the publisher's passes and tells the feed.

A pass publishes new kills and tells the streams of them, then routes, then compiles all else.
Each step is tried whatever became of the others: no broken route can delay a kill. A kill is
published with the change that sets it, and told by the thread that committed it.
"""

import asyncio
import threading
import time
from collections.abc import Callable

import structlog

from bentos.contract.documents import Revision
from control_plane.crash_point import CrashPoint, crash_point
from control_plane.db import Database, WriteSession
from control_plane.metrics import Metrics
from control_plane.publish.feed import Documents, Feed
from control_plane.publish.in_force import NOTHING
from control_plane.publish.service import Document, Reconciler
from control_plane.publish.signing import Signer
from control_plane.releases import kills

SEND_SECONDS = 0.01
log = structlog.get_logger(__name__)


class Publisher:
    """Passes every ``interval_s``, and at once when woken."""

    def __init__(
        self, database: Database, signer: Signer, feed: Feed, metrics: Metrics, interval_s: float
    ) -> None:
        self.failing: str | None = "no pass has been made yet"
        self._database = database
        self._reconciler = Reconciler(database, signer, self._announce)
        self._feed = feed
        self._metrics = metrics
        self._interval_s = interval_s
        self._wanted = threading.Event()
        self._sent = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seen = 0
        self._announced = NOTHING
        self._told_at: float | None = None
        "When the pass under way was asked for; both belong to the publisher's thread."
        self._lock = threading.Lock()
        "For the two that follow: they are set by whoever commits."
        self._begun = 0
        self._woken_at: float | None = None
        self._ended = 0
        "The last pass that ended well; this and the waiters belong to the loop's thread."
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a first pass, then go on in a thread of its own."""
        self._loop = loop
        self._pass()
        self._thread = threading.Thread(target=self._run, name="publisher")
        self._thread.start()

    def wake(self) -> int:
        """Ask for a pass now; the number of the first that sees all that was committed."""
        number = self._next()
        self._wanted.set()
        return number

    def along(self, session: WriteSession) -> list[Document]:
        """Publish in this transaction what cannot wait for a pass: kills that it sets."""
        if not session.info.get(kills.WERE_SET):
            return []
        return self._reconciler.publish_kills_along(session)

    def committed(self, along: list[Document]) -> int:
        """A change was committed, and documents along with it; what ``wake`` says."""
        if not along:
            return self.wake()
        number = self._next()
        for document in along:
            self._reconciler.in_force.take(*document)
        crash_point(CrashPoint.COMMITTED)
        documents = {header.name: (header, data) for header, data, _ in along}
        # The pass would take the interpreter from the streams: they are told first.
        self._tell(self._update, documents, time.monotonic(), self._wanted.set)
        crash_point(CrashPoint.ANNOUNCED)
        return number

    def _next(self) -> int:
        with self._lock:
            if self._woken_at is None:
                self._woken_at = time.monotonic()
            return self._begun + 1

    def look(self) -> None:
        """Ask for a pass because another process may have committed."""
        self._wanted.set()

    async def passed(self, number: int) -> Revision:
        """Wait until that pass, or a later one, ended well; the highest revision in force then.

        Called in the loop's thread. While passes fail it waits for ever: give it a time.
        """
        if number > self._ended:
            assert self._loop is not None
            waiter = (number, self._loop.create_future())
            self._waiters.append(waiter)
            try:
                await waiter[1]
            finally:
                self._waiters.remove(waiter)
        return self._feed.revision

    def stop(self) -> None:
        """End after the pass under way."""
        self._stopping = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self._wanted.wait(self._interval_s)
            self._wanted.clear()
            if not self._stopping:
                self._pass()

    def _pass(self) -> None:
        with self._lock:
            self._begun += 1
            number, woken_at, self._woken_at = self._begun, self._woken_at, None
        failing = self._make(woken_at)
        self.failing = failing
        self._metrics.passed(failed=failing is not None)
        if failing is None:
            self._tell(self._end, number)

    def _make(self, woken_at: float | None) -> str | None:
        """One pass; what went wrong in it."""
        try:
            seen = self._database.data_version()
            # A pass over an unchanged database finds nothing, unless a time has come.
            if not self.failing and seen == self._seen and not self._reconciler.is_time():
                return None
        except Exception as error:
            log.exception("publisher cannot look")
            return _told(error)
        self._told_at = woken_at
        failures = [
            failure for step in self._reconciler.steps if (failure := self._step(step)) is not None
        ]
        if not failures:
            self._seen = seen
        return "; ".join(failures) or None

    def _step(self, step: Callable[[], None]) -> str | None:
        """One step of a pass; what went wrong in it."""
        try:
            step()
            # Another replica may have published.
            self._announce()
        except Exception as error:
            # Level-triggered: whatever it was, the next pass starts from the tables again.
            log.exception("publisher pass failed", step=step.__name__)
            return _told(error)
        return None

    def _announce(self) -> None:
        """Tell the streams what is in force, if that is new to them."""
        in_force = self._reconciler.in_force
        if in_force.revision == self._announced:
            return
        self._announced = in_force.revision
        self._sent.clear()
        self._tell(self._update, in_force.documents(), self._told_at, self._sent.set)
        crash_point(CrashPoint.ANNOUNCED)
        # The loop needs the interpreter to send; what follows can wait for that.
        self._sent.wait(SEND_SECONDS)

    # --- in the loop's thread -----------------------------------------------------------
    def _tell(self, function: Callable[..., None], *arguments: object) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(function, *arguments)

    def _update(
        self, documents: Documents, woken_at: float | None, sent: Callable[[], None]
    ) -> None:
        """``sent`` is called once the streams had their turn."""
        self._feed.update(documents)
        for name, (header, _) in documents.items():
            self._metrics.in_force(name.value, header.revision.number)
        if woken_at is not None:
            self._metrics.announced(time.monotonic() - woken_at)
        assert self._loop is not None
        # Behind the streams that were woken just now.
        self._loop.call_soon(self._loop.call_soon, sent)

    def _end(self, number: int) -> None:
        self._ended = number
        for wanted, waiter in self._waiters:
            if wanted <= number and not waiter.done():
                waiter.set_result(None)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
