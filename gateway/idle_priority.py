"""The processor's leavings: what runs so is set aside as soon as anybody else has work.

SCHED_IDLE (sched(7)) rather than niceness: a nice process keeps the processor for a time slice
whoever wakes up meanwhile, and milliseconds of that are what a caller would wait.
"""

import os

NICEST = 19


def take_leavings() -> None:
    """Of this process, and what it starts; never refused. Elsewhere than on Linux: niceness 19."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.setpriority(os.PRIO_PROCESS, 0, NICEST)
