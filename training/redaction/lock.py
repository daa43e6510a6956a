"""Who makes something of a lake's orders, and who erases from it, take turns.

Any number of runs at once (shared), one redaction alone (exclusive). A process that dies lets go.
A night and a redaction also exclude each other by the night's lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from training.nightly.errors import BusyError
from training.settings import Settings
from training.shop.errors import SyncRunning
from training.shop.tables import ShopLake

FILE = ".lake.lock"
"""Beside the lake: where bad arguments end a command, there is none yet, and none is made."""


@contextmanager
def using(lake: Path) -> Iterator[None]:
    """Make something of the orders; waits for a redaction under way, which takes seconds."""
    with _locked(lake, fcntl.LOCK_SH):
        yield


@contextmanager
def erasing(lake: Path) -> Iterator[None]:
    """Be alone with the lake; raises BusyError while a run makes something of it."""
    with _locked(lake, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextmanager
def no_sync(settings: Settings) -> Iterator[None]:
    """Be the one that syncs: else a sync that began before the record is there would bring them
    back. Raises BusyError where another is."""
    shop = ShopLake.of(settings)
    if not shop.folder.is_dir():
        yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(shop.syncing())
        except SyncRunning as error:
            raise BusyError(str(error)) from error
        yield


@contextmanager
def _locked(lake: Path, how: int) -> Iterator[None]:
    lake.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lake.with_name(FILE), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError as error:
            raise BusyError(f"a run of {lake} is under way, or another redaction") from error
        yield
    finally:
        os.close(descriptor)
