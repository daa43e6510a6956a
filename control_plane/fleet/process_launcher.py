"""The embedded launcher: every worker a child process with a Unix socket and a log of its own."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec
import structlog

from bentos.contract.errors import ContractError
from control_plane.fleet.launcher import Worker
from control_plane.fleet.ledger import Ledger, WorkerRecord
from control_plane.fleet.process import ProcessWorker, set_niceness, start_time
from control_plane.fleet.replica import Key, Priority

# sun_path holds 108 bytes on Linux and 104 on macOS, with the final zero.
MAX_SOCKET_PATH = 100
MAX_LOG_BYTES = 16 * 1024 * 1024
# Added to a shadow's niceness: it gets about a tenth of what a live worker gets beside it.
SHADOW_NICE = 10
MAX_NICE = 19
WORKER_COMMAND = (sys.executable, "-m", "bentos.worker")

_log = structlog.get_logger(__name__)


class ProcessLauncher:
    """Starts ``<command> TAG --uds PATH --digest SHA256``, each in a session of its own.

    ``home`` is SIGNALBOX_HOME; ``nice`` is added to the fleet's own niceness, 10 more for a shadow.
    """

    def __init__(
        self, home: Path, *, command: Sequence[str] = WORKER_COMMAND, nice: int = 0
    ) -> None:
        self._home = home.absolute()
        self._command = tuple(command)
        self._nice = nice
        self._own_nice = os.getpriority(os.PRIO_PROCESS, 0)
        self._sockets = socket_folder(self._home)
        self._logs = self._home / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._ledger = Ledger(self._home / "fleet" / "workers")

    def start(self, key: Key) -> Worker:
        """Start one worker and record it; raises OSError when the command cannot be run."""
        name, socket = self._name(key), self._socket(key)
        socket.unlink(missing_ok=True)
        arguments = [*self._command, key.version, "--uds", str(socket)]
        with self._open_log(name) as log:
            popen = subprocess.Popen(
                [*arguments, "--digest", key.bento_digest],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(),
                start_new_session=True,
            )
        niceness = self._niceness(key)
        if niceness != self._own_nice:
            # Before it has threads: later ones inherit it.
            os.setpriority(os.PRIO_PROCESS, popen.pid, niceness)
        started_at = start_time(popen.pid)
        if started_at is not None:
            self._ledger.write(name, _record(key, popen.pid, started_at, socket))
        return ProcessWorker(popen.pid, socket, started_at, popen)

    def adopt(self) -> Mapping[Key, Worker]:
        """Workers recorded by an earlier fleet that still run; stale records are dropped."""
        found: dict[Key, Worker] = {}
        pids: set[int] = set()
        for name, record in self._ledger.records():
            if record is None or record.pid in pids or start_time(record.pid) != record.started_at:
                _log.info("stale worker record dropped", name=name)
                self._ledger.remove(name)
                continue
            pids.add(record.pid)
            key = Key(
                version=record.version,
                index=record.index,
                bento_digest=record.bento_digest,
                priority=Priority(record.priority),
            )
            found[key] = ProcessWorker(record.pid, Path(record.socket), record.started_at, None)
        return found

    def reprioritise(self, key: Key, wanted: Key, worker: Worker) -> bool:
        """Change the niceness of all threads; False where the system does not permit less of it."""
        record = self._ledger.read(self._name(key))
        if record is None:
            return False
        try:
            set_niceness(worker.pid, self._niceness(wanted))
        except PermissionError:
            return False
        # The new record first: a worker on record twice is adopted once, one on none is doubled.
        priority = wanted.priority.value
        self._ledger.write(self._name(wanted), msgspec.structs.replace(record, priority=priority))
        self._ledger.remove(self._name(key))
        return True

    def forget(self, key: Key) -> None:
        """Drop the record and the socket of a worker that has ended."""
        name = self._name(key)
        record = self._ledger.read(name)
        self._ledger.remove(name)
        # A worker whose priority changed listens where it was started.
        socket = self._socket(key) if record is None else Path(record.socket)
        socket.unlink(missing_ok=True)

    def _niceness(self, key: Key) -> int:
        extra = SHADOW_NICE if key.priority is Priority.SHADOW else 0
        return min(MAX_NICE, self._own_nice + self._nice + extra)

    def _name(self, key: Key) -> str:
        # A socket's path is short, so a shadow's mark takes the place of a digit ("s" is none).
        mark = (
            f"{key.bento_digest[:7]}s" if key.priority is Priority.SHADOW else key.bento_digest[:8]
        )
        return f"{key.version.replace(':', '-')}.{key.index}.{mark}"

    def _socket(self, key: Key) -> Path:
        return self._sockets / f"{self._name(key)}.sock"

    def _open_log(self, name: str) -> IO[bytes]:
        path = self._logs / f"worker-{name}.log"
        if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SIGNALBOX_HOME": str(self._home),
            "BENTOML_HOME": str(self._home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "true",
            # One thread of inference per worker: more only adds memory and contention.
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }


def socket_folder(home: Path) -> Path:
    """``home/run``, or a folder of this user's under the temporary one where that is too long."""
    folder = home / "run"
    longest_name = f"{'m' * 40}-20000101-00000000.999.00000000.sock"
    if len(os.fsencode(folder / longest_name)) <= MAX_SOCKET_PATH:
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    short = hashlib.sha256(os.fsencode(home)).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"signalbox-{os.getuid()}-{short}"
    folder.mkdir(mode=0o700, exist_ok=True)
    # In a folder of somebody else's making, somebody else could answer for our workers.
    if folder.stat().st_uid != os.getuid():
        raise ContractError(str(folder), "a folder of this user", f"uid {folder.stat().st_uid}")
    return folder


def _record(key: Key, pid: int, started_at: str, socket: Path) -> WorkerRecord:
    return WorkerRecord(
        version=key.version,
        index=key.index,
        bento_digest=key.bento_digest,
        pid=pid,
        started_at=started_at,
        socket=str(socket),
        priority=key.priority.value,
    )
