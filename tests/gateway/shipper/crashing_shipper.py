"""Ships one home again and again, dying by SIGKILL at the n-th change it makes to the world.

    crashing_shipper.py TEMPLATE WORK CONTROL_PLANE_URL

For n = 1, 2, … a fresh copy of TEMPLATE is made at WORK/n and shipped by a forked child that
kills itself just before its n-th rename, removal, new folder or connection. Then a second child
ships what is left. Ends with the first n that was not reached; prints how many crashes there were.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from gateway.shipper.__main__ import main

CHANGES = {"os.rename", "os.remove", "os.mkdir", "socket.connect"}


def ship(home: Path, url: str, crash_at: int) -> int:
    """A child's wait status."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    os.environ.update(SIGNALBOX_HOME=str(home), SIGNALBOX_CONTROL_PLANE_URL=url)
    left = crash_at

    def count(event, _arguments):
        nonlocal left
        if event in CHANGES:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    code = 1
    try:
        code = main(["--once"])
    finally:
        os._exit(code)


def crash_everywhere(template: Path, work: Path, url: str) -> int:
    crashes = 0
    while True:
        home = work / str(crashes + 1)
        shutil.copytree(template, home)
        status = ship(home, url, crashes + 1)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return crashes
        assert os.WTERMSIG(status) == signal.SIGKILL
        crashes += 1
        assert ship(home, url, 0) == 0


if __name__ == "__main__":
    print(crash_everywhere(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
