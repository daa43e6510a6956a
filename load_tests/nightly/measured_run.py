"""A command in a process of its own: how long it took, and what its tree of processes held."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from load_tests import processes

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_S = 0.2


@dataclass(frozen=True)
class Ran:
    """``peak_mb``: the larger of what the kernel says the process held at most (RSS), and the
    largest sum of its tree (PSS, sampled), in MB of 10^6 bytes. ``output``: its stdout."""

    code: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: bytes


def run(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Ran:
    """Run a command from the project's root to its end; its stderr goes to ``log``."""
    began = time.perf_counter()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        watch = _Watch(process.pid)
        watch.start()
        assert process.stdout is not None
        output = process.stdout.read()
        process.stdout.close()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop()
    return Ran(
        code=process.returncode,
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mb=max(used.ru_maxrss * 1024 / 1e6, watch.peak_mb),
        output=output,
    )


class _Watch(threading.Thread):
    """Sums the tree again and again; children are rarely there, so most sums are of one."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            with suppress(psutil.Error, OSError):
                held = processes.memory([self._pid])
                self.peak_mb = max(self.peak_mb, sum(each["pss_mb"] for each in held))

    def stop(self) -> None:
        self._ended.set()
        self.join()
