"""The lock is the kernel's: it ends with its holder, however that ends."""

import os
import signal
import subprocess
import sys

import pytest

from training.nightly import lock
from training.nightly.errors import BusyError

HOLD = """
import sys, time
from pathlib import Path
from training.nightly import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_lets_go(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"pid {holder.pid}"), lock.held(tmp_path):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with lock.held(tmp_path):
        pass
