"""``python -m training schedule``: starts each night when it is due, in a process of its own.

A moment that passed while nothing ran is made up for once, at the start. A night that was killed
with its schedule is due still, and goes on where it was. Two nights never overlap: a second one
finds the lake's lock held, and is tried again until the first is over.
"""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import msgspec

from training.nightly import schedule_state
from training.nightly.due import Cron
from training.nightly.schedule_state import Ran, ScheduleState

logger = logging.getLogger(__name__)
NIGHT = (sys.executable, "-m", "training", "nightly")
REDACT = (sys.executable, "-m", "training", "redact")
# A request that could not be honoured is tried again after so long.
REDACT_AGAIN = timedelta(minutes=10)
# Looked up from sleep that often: a machine that was suspended, or whose clock was set, notices.
NAP_S = 30.0
BUSY = 4
BUSY_PAUSE_S = 60.0
STOP_S = 15.0


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Schedule:
    """Runs ``command`` whenever ``cron`` says so, until it is told to stop."""

    def __init__(
        self,
        lake: Path,
        cron: Cron,
        said: tuple[str, str],
        command: tuple[str, ...] = NIGHT,
        now: Callable[[], datetime] = utc_now,
        waiting: Callable[[], bool] = lambda: False,
        redact: tuple[str, ...] = REDACT,
    ) -> None:
        """``said``: cron expression and zone as configured, for the state file. ``waiting``:
        whether somebody is to be erased, which ``redact`` does."""
        self._waiting, self._redact, self._redact_from = waiting, redact, now()
        self._lake, self._cron, self._command, self._now = lake, cron, command, now
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._state = self._begin(said)

    def _begin(self, said: tuple[str, str]) -> ScheduleState:
        known = schedule_state.load(self._lake)
        if known is None:
            return ScheduleState(seen=self._now(), cron=said[0], zone=said[1])
        if (known.cron, known.zone) != said:
            # What the old schedule missed is not what the new one asks for.
            return msgspec.structs.replace(known, seen=self._now(), cron=said[0], zone=said[1])
        return known

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """End soon: the night under way is broken off, and due still."""
        self._stopping.set()
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def run(self) -> None:
        """Until ``stop``."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self.stop)
        while not self._stopping.is_set():
            due = self._cron.missed(self._state.seen, self._now())
            if due is not None:
                self._run(due)
                continue
            self._erase()
            coming = self._cron.after(self._state.seen)
            if coming != self._state.next:
                self._keep(msgspec.structs.replace(self._state, next=coming))
                logger.info("the next night is due at %s", coming)
            ahead = NAP_S if coming is None else (coming - self._now()).total_seconds()
            self._stopping.wait(min(max(ahead, 0.01), NAP_S))

    def _erase(self) -> None:
        """At once when it is asked for; a night does it as well, as its first step."""
        if self._stopping.is_set() or self._now() < self._redact_from or not self._waiting():
            return
        code = self._carry_out(self._redact)
        logger.info("a redaction ended with exit code %d", code)
        if code != 0:
            pause = timedelta(seconds=BUSY_PAUSE_S) if code == BUSY else REDACT_AGAIN
            self._redact_from = self._now() + pause

    def _run(self, due: datetime) -> None:
        run = Ran(due=due, started_at=self._now())
        self._keep(self._state.started(run))
        logger.info("the night due at %s begins", due)
        code = self._carry_out(self._command)
        ended = msgspec.structs.replace(run, ended_at=self._now(), exit_code=code)
        stopped = self._stopping.is_set() and code != 0
        # A signal that was not ours ended it: it is due still, and goes on where it was.
        settled = code >= 0 and code != BUSY and not stopped
        self._keep(self._state.ended(ended, settled=settled))
        logger.info("the night due at %s ended with exit code %d", due, code)
        if not settled:
            self._stopping.wait(BUSY_PAUSE_S)

    def _carry_out(self, command: tuple[str, ...]) -> int:
        # A session of its own: Ctrl-C reaches the schedule alone, which ends it in order.
        self._child = subprocess.Popen(command, start_new_session=True)
        if self._stopping.is_set():
            self._child.terminate()
        while True:
            try:
                return self._child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                if self._stopping.is_set():
                    self._child.kill()

    def _keep(self, state: ScheduleState) -> None:
        self._state = state
        schedule_state.save(self._lake, state)
