"""A process that takes little of the processor, and one that a sandbox does not let be nicer."""

import os
import subprocess
import sys

CODE = """
import os, sys, threading
from gateway import niceness
def refuse(*_):
    raise OSError(1, "as the sandbox has it")
if "refused" in sys.argv:
    os.setpriority = refuse
threading.Thread(target=threading.Event().wait, daemon=True).start()
niceness.start_gently()
print(os.getpriority(os.PRIO_PROCESS, 0))
niceness.take_little()
print(*{os.getpriority(os.PRIO_PROCESS, int(each)) for each in os.listdir("/proc/self/task")})
"""


def after(*arguments):
    command = [sys.executable, "-c", CODE, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    return done.stdout.splitlines()


def test_it_starts_nicer_and_then_every_thread_takes_little():
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert after() == [str(min(19, own + 10)), "19"]


def test_where_nothing_is_permitted_it_runs_all_the_same():
    own = str(os.getpriority(os.PRIO_PROCESS, 0))
    assert after("refused") == [own, own]
