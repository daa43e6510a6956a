"""A disk without room, for one gateway: a small tmpfs that is filled, or a limit on its files."""

import errno
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from load_tests.installation.gateway import GatewayProcess

SIZE = "16m"
CHUNK = b"\n" * 65536


class Disk(Protocol):
    """What a gateway writes to; ``kind`` says what it is."""

    kind: str

    def fill(self, gateway: GatewayProcess) -> None:
        """From now on not a byte can be written, not even to the gateway's own log."""

    def free(self, gateway: GatewayProcess) -> None:
        """There is room again."""


class SmallDisk:
    """A file system of ``SIZE`` at ``path``: writes fail with ENOSPC once it is filled."""

    kind = "tmpfs"

    def __init__(self, path: Path) -> None:
        self._filler = path / "filler"

    def fill(self, gateway: GatewayProcess) -> None:
        """Also what the log has left of its last block."""
        for path in (self._filler, gateway.process.log):
            with path.open("ab", buffering=0) as file:
                for size in (len(CHUNK), 1):
                    while _fits(file.write, CHUNK[:size]):
                        pass

    def free(self, gateway: GatewayProcess) -> None:  # noqa: ARG002 - the other kind needs it
        """Remove what filled it."""
        self._filler.unlink()


class FileLimit:
    """Where nobody may mount anything: every worker's writes fail with EFBIG."""

    kind = "RLIMIT_FSIZE"

    def fill(self, gateway: GatewayProcess) -> None:
        """No file may grow beyond its first byte; files beyond it take no more writes."""
        self._limit(gateway, 1)

    def free(self, gateway: GatewayProcess) -> None:
        """No limit."""
        self._limit(gateway, resource.RLIM_INFINITY)

    def _limit(self, gateway: GatewayProcess, size: int) -> None:
        for worker in gateway.workers():
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """A disk at ``path`` that can be filled; the limit where mounting is not allowed."""
    path.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        yield FileLimit()
        return
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", str(path)], check=True)


def _fits(write: Callable[[bytes], int | None], data: bytes) -> bool:
    try:
        return write(data) == len(data)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False
