"""Peak memory of the demo and everything under it: PSS, so shared pages count once."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from demo.board import Board

INTERVAL_S = 1.0


def tree(extra: Iterator[int]) -> set[int]:
    """This process, its descendants and the ``extra`` pids with theirs."""
    pids: set[int] = set()
    for root in (psutil.Process().pid, *extra):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(root)
            pids |= {process.pid, *(child.pid for child in process.children(recursive=True))}
    return pids


def pss_bytes(pid: int) -> int:
    """Proportional set size; resident size where the kernel tells no PSS; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_info().rss)
    return 0


class MemorySampler(threading.Thread):
    """Samples once a second; ``peak_bytes`` so far. Workers that outlived a fleet are the
    children of nobody, so their records name them (``workers``: the fleet's folder)."""

    def __init__(self, workers: Path, board: Board) -> None:
        super().__init__(name="memory", daemon=True)
        self._workers = workers
        self._board = board
        self._stopping = threading.Event()
        self.peak_bytes = 0

    def run(self) -> None:
        """Until ``stop``."""
        while not self._stopping.is_set():
            self.sample()
            self._stopping.wait(INTERVAL_S)

    def sample(self) -> None:
        """Take one sample now."""
        current = sum(map(pss_bytes, tree(recorded_pids(self._workers))))
        self._board.memory_bytes = current
        self.peak_bytes = max(self.peak_bytes, current)

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self.join()


def recorded_pids(workers: Path) -> Iterator[int]:
    """Pids in the fleet's records whose process is one of ours still."""
    for path in workers.glob("*.json"):
        with contextlib.suppress(msgspec.MsgspecError, FileNotFoundError, psutil.Error, KeyError):
            record = msgspec.json.decode(path.read_bytes())
            if record["socket"] in psutil.Process(record["pid"]).cmdline():
                yield record["pid"]
