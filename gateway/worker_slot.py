"""A worker's place in the files that all workers of a gateway share.

A slot is a number nobody else alive has. Shared files give every slot cells that only its
holder writes, so nothing needs a lock; whoever takes a slot again goes on with the values
its last holder left. A lock on the slot's file is held until the process ends, however it
ends, which is also how others see whether a slot's holder lives.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from bentos.contract.errors import ContractError

PARENT_LOCK = "parent.lock"
ATTEMPTS = 20
RETRY_S = 0.02
WORKER, SHADOW = "slot", "shadow"
"""Kinds of holders: one that answers calls, and the process that asks shadows."""


def slot_count(workers: int) -> int:
    """Slots of a gateway: each worker may overlap with its replacement and with one that hangs."""
    return 2 * workers + 2


def clear(folder: Path) -> int:
    """Start with empty shared files, as the only parent; the lock to hold open.

    Raises ContractError when another gateway of this name runs from this home.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / PARENT_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(lock):
        os.close(lock)
        raise ContractError(
            "SIGNALBOX_GATEWAY_ID",
            "a name no other gateway of this home has",
            folder.name,
            "Stop the other one, or name this one otherwise.",
        )
    for path in folder.iterdir():
        if path.name != PARENT_LOCK:
            path.unlink()
    return lock


class WorkerSlot:
    """Held from ``take`` to ``release``, or to the end of the process."""

    def __init__(self, number: int, path: Path, descriptor: int) -> None:
        self.number = number
        self.path = path
        self.descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, count: int, kind: str = WORKER) -> "WorkerSlot":
        """The first free one of ``count`` slots; raises ContractError when there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(ATTEMPTS):
            for number in range(count):
                path = folder / f"{kind}-{number}"
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                if _locked(descriptor):
                    return cls(number, path, descriptor)
                os.close(descriptor)
            time.sleep(RETRY_S)  # a free slot looks held while somebody looks at it
        raise ContractError(str(folder), f"a free one of {count} {kind} places", "all of them held")

    def release(self) -> None:
        """Let it go; its file and values stay. A map of the file would hold the lock on."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        os.close(self.descriptor)


def slots(folder: Path) -> list[Path]:
    """Files of all slots that were ever taken."""
    return sorted([*folder.glob(f"{WORKER}-*"), *folder.glob(f"{SHADOW}-*")])


def is_worker(path: Path) -> bool:
    """Whether a slot is of one that answers calls."""
    return path.name.startswith(f"{WORKER}-")


def is_held(path: Path) -> bool:
    """Whether a slot's holder lives."""
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return not _locked(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)
    return False


def _locked(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
