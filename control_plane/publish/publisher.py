"""The thread that runs the publisher's passes and tells the feed."""

import asyncio
import threading

import structlog

from bentos.contract.documents import DocumentHeader, DocumentName
from control_plane.db import Database
from control_plane.publish import archive
from control_plane.publish.feed import Feed
from control_plane.publish.service import is_time, reconcile
from control_plane.publish.signing import Signer

log = structlog.get_logger(__name__)


class Publisher:
    """Passes every ``interval_s``, and at once when woken."""

    def __init__(self, database: Database, signer: Signer, feed: Feed, interval_s: float) -> None:
        self._database = database
        self._signer = signer
        self._feed = feed
        self._interval_s = interval_s
        self._wanted = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._seen = 0
        self._told: dict[DocumentName, DocumentHeader] = {}
        self.failing: str | None = "no pass has been made yet"

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a first pass, then go on in a thread of its own."""
        self._pass(loop, announce=True)
        self._thread = threading.Thread(target=self._run, args=(loop,), name="publisher")
        self._thread.start()

    def wake(self) -> None:
        """Ask for a pass now."""
        self._wanted.set()

    def stop(self) -> None:
        """End after the pass under way."""
        self._stopping = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopping:
            self._wanted.wait(self._interval_s)
            self._wanted.clear()
            if not self._stopping:
                self._pass(loop)

    def _has_cause(self) -> bool:
        """A pass over an unchanged database finds nothing, unless a time has come."""
        return (
            bool(self.failing)
            or self._database.data_version() != self._seen
            or is_time(self._database)
        )

    def _pass(self, loop: asyncio.AbstractEventLoop, *, announce: bool = False) -> None:
        try:
            if not announce and not self._has_cause():
                return
            seen = self._database.data_version()
            reconcile(self._database, self._signer)
            # What is in force, whoever published it: this pass, one that failed after its
            # commit, or another replica.
            with self._database.read() as session:
                headers = archive.current_headers(session)
            if announce or headers != self._told:
                loop.call_soon_threadsafe(self._feed.update, headers)
                self._told = headers
            self._seen, self.failing = seen, None
        except Exception as error:
            # Level-triggered: whatever it was, the next pass starts from the tables again.
            self.failing = f"{type(error).__name__}: {error}"
            log.exception("publisher pass failed")
