import errno
import subprocess
import sys
from types import SimpleNamespace

import pytest

from load_tests.installation.disk import FileLimit, SmallDisk, small_disk

APPEND = """
import errno, sys
file = open(sys.argv[1], "ab", buffering=0)
for _ in sys.stdin:
    try:
        print(file.write(b"x" * 100), flush=True)
    except OSError as error:
        print(errno.errorcode[error.errno], flush=True)
"""


class Writer:
    """Stands where a gateway's worker does: a process that appends to a file when told."""

    def __init__(self, path):
        self.popen = subprocess.Popen(
            [sys.executable, "-c", APPEND, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self):
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()
        return self.popen.stdout.readline().strip()

    def close(self):
        if self.popen.poll() is None:
            self.popen.communicate()


@pytest.fixture
def writer(tmp_path):
    made = []

    def make(path):
        made.append(Writer(path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_limit_stops_a_running_process_and_lets_it_go_on(tmp_path, writer):
    one = writer(tmp_path / "file")
    gateway = SimpleNamespace(workers=lambda: [one.popen.pid])
    limit = FileLimit()
    assert one.write() == "100"
    limit.fill(gateway)
    assert one.write() == errno.errorcode[errno.EFBIG]
    limit.free(gateway)
    assert one.write() == "100"


def test_not_a_byte_fits_a_full_disk_until_it_is_freed(tmp_path, writer):
    with small_disk(tmp_path / "disk") as disk:
        log = tmp_path / "disk" / "log"
        log.write_bytes(b"said\n")
        one = writer(log)
        gateway = SimpleNamespace(process=SimpleNamespace(log=log), workers=lambda: [one.popen.pid])
        disk.fill(gateway)
        expected = errno.ENOSPC if isinstance(disk, SmallDisk) else errno.EFBIG
        assert one.write() == errno.errorcode[expected]
        disk.free(gateway)
        assert one.write() == "100"
        one.close()
