"""One process of an installation: started with its log, ended by its own pid."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from load_tests.installation.patience import Patience

START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
LOG_TAIL = 3000


class NotReachedError(RuntimeError):
    """Something an installation waits for did not come; the message holds the log's end."""


class Process:
    """``python -m`` one of our modules (or another ``program``), which may be killed and started
    again."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        program: Sequence[str] = (sys.executable, "-m"),
    ) -> None:
        self.name = name
        self.log = log
        self._command = [*program, *arguments]
        self._environment = {**os.environ, **environment}
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._popen is None:
            raise NotReachedError(f"{self.name} was not started")
        return self._popen.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and did not end."""
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it; its output is added to its log."""
        with self.log.open("ab") as output:
            # A session of its own: only we get Ctrl-C, and what it starts can be ended with it.
            self._popen = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()

    def ended(self) -> None:
        """Wait for an end that is coming."""
        if self._popen is not None:
            self._popen.wait(STOP_SECONDS)

    def stop(self) -> None:
        """SIGTERM; whatever is left of its session after half a minute is killed."""
        if self._popen is None or not self.runs:
            return
        self._popen.send_signal(signal.SIGTERM)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()

    def wait_until(self, reached: Callable[[], bool], what: str) -> None:
        """Return once ``reached``; NotReachedError if the process ends or time is up."""
        patience = Patience(START_SECONDS)
        while not reached():
            if not self.runs or patience.is_over():
                raise NotReachedError(f"{self.name}: {what} did not come:\n{self.log_end()}")
            time.sleep(POLL_SECONDS)

    def log_end(self) -> str:
        """The last of what it said."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:]
