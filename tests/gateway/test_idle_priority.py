"""A process that is set aside, and one that a sandbox does not let be."""

import os
import subprocess
import sys

import pytest

CODE = """
import os, sys, threading
from gateway import idle_priority
def refuse(*_):
    raise OSError(int(sys.argv[1]), "as the sandbox has it")
for name in sys.argv[2:]:
    setattr(os, name, refuse)
threading.Thread(target=threading.Event().wait, daemon=True).start()
idle_priority.start_gently()
idle_priority.take_leavings()
print({os.sched_getscheduler(int(each)) for each in os.listdir("/proc/self/task")})
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


def after(errno=0, *refused):
    command = [sys.executable, "-c", CODE, str(errno), *refused]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    policies, nice = done.stdout.splitlines()[-2:]
    return policies, int(nice)


def test_every_thread_gets_what_is_left():
    assert after()[0] == f"{{{os.SCHED_IDLE}}}"


@pytest.mark.parametrize("errno", [1, 22])
def test_where_there_is_no_such_policy_it_is_as_nice_as_can_be(errno):
    policies, nice = after(errno, "sched_setscheduler")
    assert policies == f"{{{os.sched_getscheduler(0)}}}"
    assert nice == 19


def test_where_nothing_is_permitted_it_runs_all_the_same():
    policies, nice = after(1, "sched_setscheduler", "setpriority")
    assert policies == f"{{{os.sched_getscheduler(0)}}}"
    assert nice == os.getpriority(os.PRIO_PROCESS, 0)
