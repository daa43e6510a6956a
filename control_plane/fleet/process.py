"""One worker process, started here or adopted, told apart from a reused pid by its start time."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import psutil

# Field 22 of /proc/<pid>/stat (proc(5)); the text after the last ")" begins with field 3.
_START_TIME_INDEX = 22 - 3


def start_time(pid: int) -> str | None:
    """When the process started, in a form that only compares; None when it does not run.

    On Linux these are clock ticks since boot, which no clock adjustment moves.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[_START_TIME_INDEX]
    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def set_niceness(pid: int, nice: int) -> None:
    """Of every thread, as Linux keeps it per thread; raises PermissionError for less than it has.

    Threads that end meanwhile are no matter; a process that ended has none.
    """
    try:
        threads = [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    except FileNotFoundError:
        threads = [pid]  # no such system, or no such process any more
    for thread in threads:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, thread, nice)


class ProcessWorker:
    """A worker on this machine. ``popen`` is None for an adopted one: its end has no code."""

    def __init__(
        self, pid: int, socket: Path, started_at: str | None, popen: subprocess.Popen[bytes] | None
    ) -> None:
        self._pid = pid
        self._socket = socket
        self._started_at = started_at
        self._popen = popen

    @property
    def address(self) -> str:
        """The Unix socket it listens on once it is warm."""
        return f"unix:{self._socket}"

    @property
    def pid(self) -> int:
        """Process id, which is its process group's id too."""
        return self._pid

    @property
    def exit_code(self) -> int | None:
        """As subprocess has it: negative for a signal; None for an adopted worker."""
        return None if self._popen is None else self._popen.poll()

    def alive(self) -> bool:
        """Whether this very process still runs."""
        if self._popen is not None:
            return self._popen.poll() is None
        return self._started_at is not None and start_time(self._pid) == self._started_at

    def stop(self) -> None:
        """SIGTERM to the worker, which ends after the requests in flight."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the worker's whole group."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # Between the check and the signal the process may end by itself: that is what we want.
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)
