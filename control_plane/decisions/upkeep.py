"""The thread that looks after the lake: erasures first, then what has expired."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from bentos.decision_lake.files import Lake
from control_plane.db import Database
from control_plane.decisions.compaction import is_due
from control_plane.decisions.erasure import UPKEEP, Erasing, UnreadError
from control_plane.decisions.retention import expire
from control_plane.decisions.retention_times import Retention
from control_plane.errors import ConflictError
from control_plane.metrics import nobody_is_told

log = structlog.get_logger(__name__)
EXPIRE_EVERY_S = 3600.0
POLL_S = 0.2


class Upkeep:
    """Passes every ``interval_s``, and at once when woken. ``failing``: what went wrong last;
    ``unread``: files the last erasure could not go through.

    ``ended`` is told of each pass whether it failed.
    """

    def __init__(
        self,
        lake: Lake,
        database: Database,
        retention: Retention,
        interval_s: float,
        ended: Callable[[bool], None] = nobody_is_told,
    ) -> None:
        self._lake = lake
        self._database = database
        self._retention = retention
        self._interval_s = interval_s
        self._ended = ended
        self._erasing = Erasing(lake, database)
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._expired_at = -EXPIRE_EVERY_S
        self.failing: str | None = None
        self.unread: str | None = None

    def start(self) -> None:
        """Go on in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="upkeep")
        self._thread.start()

    def stop(self) -> None:
        """End after the file in hand."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Something was ordered."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._pass()
            self._wake.wait(self._interval_s)
            self._wake.clear()

    def _compact(self) -> None:
        """In a process of its own: it takes memory that this one needs for others."""
        if not is_due(self._lake, datetime.now(UTC).date()):
            return
        command = [sys.executable, "-m", "control_plane.decisions.compact"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as child:
            while child.poll() is None:
                if self._stopping:
                    child.terminate()
                time.sleep(POLL_S)

    def _erase(self) -> None:
        """What it cannot read keeps nothing else from its time: it is told, and tried again."""
        try:
            self._erasing.run(lambda: self._stopping)
            self.unread = None
        except UnreadError as error:
            self.unread = str(error)

    def _pass(self) -> None:
        try:
            self._erase()
            if time.monotonic() - self._expired_at >= EXPIRE_EVERY_S and not self._stopping:
                expire(
                    self._lake, self._database, UPKEEP, self._retention, datetime.now(UTC).date()
                )
                self._expired_at = time.monotonic()
                self._compact()
            self.failing = self.unread
        except ConflictError as error:
            # Another replica is at it: it does the same.
            log.info("upkeep_waits", reason=error.detail)
        except Exception as error:
            # Whatever it was, the next pass starts from the tables and files again.
            self.failing = type(error).__name__
            log.exception("upkeep_failed")
        self._ended(self.failing is not None)
