"""The processor's leavings: what runs so is set aside as soon as anybody else has work.

SCHED_IDLE (sched(7)) rather than niceness: a nice process keeps the processor for a time slice
whoever wakes up meanwhile, and milliseconds of that are what a caller would wait.
"""

import os
from pathlib import Path

# About a tenth of what others get beside it.
START_NICE = 10
NICEST = 19


def start_gently() -> None:
    """Of a process that has to start even on a busy machine: it yields, and is not starved."""
    os.setpriority(os.PRIO_PROCESS, 0, min(NICEST, os.getpriority(os.PRIO_PROCESS, 0) + START_NICE))


def take_leavings() -> None:
    """Of all threads of this process; never refused. Elsewhere than on Linux: niceness 19."""
    if not hasattr(os, "SCHED_IDLE"):
        os.setpriority(os.PRIO_PROCESS, 0, NICEST)
        return
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))
