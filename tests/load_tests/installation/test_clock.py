import os
import subprocess
import sys
import time

from load_tests.installation.clock import MovedClock

ASK = """
import sys, time
from datetime import UTC, datetime
for _ in sys.stdin:
    print(time.time(), datetime.now(UTC).timestamp(), time.monotonic(), flush=True)
"""


def test_a_running_process_s_wall_clock_moves_and_only_that(tmp_path):
    clock = MovedClock(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", ASK],
        env={**os.environ, **clock.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for offset in (0, 7200, -3600, 0):
            clock.jump(offset)
            process.stdin.write("\n")
            process.stdin.flush()
            wall, dated, monotonic = map(float, process.stdout.readline().split())
            assert abs(wall - time.time() - offset) < 60
            assert abs(dated - wall) < 60
            assert abs(monotonic - time.monotonic()) < 60
