"""The processes behind a side: all that descend from what was started.

A side that is not being measured is frozen (SIGSTOP), so that the timers and heartbeats of a
dozen servers take nothing from the one whose turn it is.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

SHOWN_COMMAND = 60


def tree(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes and all their descendants, parents first; those that ended are left out."""
    found: list[psutil.Process] = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(pid)
            found += [parent, *parent.children(recursive=True)]
    return found


def freeze(pids: Iterable[int]) -> None:
    """Stop them all where they are; parents first, so that nobody misses a stopped child."""
    _signal(tree(pids), signal.SIGSTOP)


def thaw(pids: Iterable[int]) -> None:
    """Let them go on; children first, so that a parent finds them running."""
    _signal(reversed(tree(pids)), signal.SIGCONT)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time all of them have used so far; of those that still run."""
    total = 0.0
    for process in tree(pids):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def memory(pids: Iterable[int]) -> list[dict[str, Any]]:
    """Each process with its proportional set size (shared pages counted once), in MB."""
    return [
        {"process": _command(process), "pss_mb": round(pss / 1e6, 1)}
        for process in tree(pids)
        if (pss := _pss(process.pid)) is not None
    ]


def _pss(pid: int) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name == "Pss":
            return int(value.split()[0]) * 1024
    return None


def _command(process: psutil.Process) -> str:
    """The program and what tells it from others, without paths of this machine."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        words = [Path(word).name for word in process.cmdline() if word and not word.startswith("-")]
        return " ".join(words)[:SHOWN_COMMAND] or process.name()
    return "ended"
