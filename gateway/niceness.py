"""How little of the processor the shadow process takes beside whoever answers callers.

Niceness rather than SCHED_IDLE (sched(7)): on a machine that is never idle the latter means never,
and a release that waits for its shadow would wait for good. What is left undone is counted.
"""

import os
from contextlib import suppress
from pathlib import Path

# About a tenth of what others get beside it: to be there within seconds on a busy machine too.
START_NICE = 10
# At most a seventieth; less, since it gives way (below).
NICEST = 19


def start_gently() -> None:
    """Of this process; called between fork and exec, where what is raised would end the start."""
    with suppress(OSError):
        nice = os.getpriority(os.PRIO_PROCESS, 0) + START_NICE
        os.setpriority(os.PRIO_PROCESS, 0, min(NICEST, nice))


def take_little() -> None:
    """Of all threads of this process, as Linux keeps it per thread; elsewhere of the process. A
    sandbox that permits no change leaves it as it is."""
    threads = Path("/proc/self/task")
    for thread in [int(each.name) for each in threads.iterdir()] if threads.exists() else [0]:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, NICEST)


def give_way() -> None:
    """Let whoever waits for the processor have it now, between two pieces of work.

    A kernel that preempts lazily (PREEMPT_LAZY, Linux 6.12) takes it from a process that only
    computes at the next tick, whatever its niceness: up to 4 ms in which no caller is answered.
    Whoever yields is taken off at once, and comes back by the share its niceness gives it.
    """
    with suppress(OSError):  # a sandbox that permits nothing
        os.sched_yield()
