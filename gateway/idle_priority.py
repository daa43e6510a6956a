"""The processor's leavings: what runs so is set aside as soon as anybody else has work.

SCHED_IDLE (sched(7)) rather than niceness: a nice process keeps the processor for a time slice
whoever wakes up meanwhile, and milliseconds of that are what a caller would wait.
"""

import os
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

# About a tenth of what others get beside it.
START_NICE = 10
NICEST = 19


def start_gently() -> None:
    """Of a process that has to start even on a busy machine: it yields, and is not starved.

    Called between fork and exec, where whatever is raised would keep it from starting.
    """
    with suppress(OSError):
        _be_nice(os.getpriority(os.PRIO_PROCESS, 0) + START_NICE)


def take_leavings() -> None:
    """Of all threads of this process. Elsewhere than on Linux, and in a sandbox that knows no such
    policy (gVisor, a seccomp filter): niceness 19, or what that permits. Never raises."""
    try:
        _set_aside()
    except (OSError, AttributeError) as error:
        log.warning("no_idle_priority", error=str(error))
        with suppress(OSError):
            _be_nice(NICEST)


def _set_aside() -> None:
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))


def _be_nice(nice: int) -> None:
    os.setpriority(os.PRIO_PROCESS, 0, min(NICEST, nice))
