"""One nightly run, and one schedule, a lake: locks the kernel lets go of when their holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.nightly.errors import BusyError
from training.nightly.record import folder


@contextmanager
def held(lake: Path, what: str = "nightly run") -> Iterator[None]:
    """Hold the lake's lock of that name; raises BusyError, naming the holder, if another does."""
    place = folder(lake)
    place.mkdir(parents=True, exist_ok=True)
    with (place / f".{what.replace(' ', '-')}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise BusyError(f"a {what} of {lake} is under way (pid {holder})") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
