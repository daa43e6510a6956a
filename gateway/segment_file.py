"""One segment while it is written: locked from before it has its name until it is closed."""

import os
import time
from pathlib import Path

from bentos.contract.segment import (
    CLOSED_SUFFIX,
    MAGIC,
    OPEN_SUFFIX,
    SegmentHeader,
    encode_frame,
)
from gateway.recovery import NEW_SUFFIX, hold_lock


class SegmentFile:
    """Raises OSError wherever the disk does. ``size`` counts the bytes of whole frames."""

    __slots__ = ("_path", "_start", "file", "opened", "size", "torn")

    def __init__(self, folder: Path, name: str, header: SegmentHeader) -> None:
        new = folder / f"{name}{NEW_SUFFIX}"
        self._path = folder / f"{name}{OPEN_SUFFIX}"
        self.torn = False
        self.file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Locked before it has its name: nobody takes it for one left open.
            hold_lock(self.file)
            start = MAGIC + encode_frame(header)
            if os.write(self.file, start) != len(start):
                raise OSError(f"no room for the header of {name}")
            new.replace(self._path)
        except OSError:
            new.unlink(missing_ok=True)
            os.close(self.file)
            raise
        self._start = self.size = len(start)
        self.opened = time.monotonic()

    @property
    def used(self) -> bool:
        """Whether it holds anything but its header."""
        return self.size > self._start

    def write(self, data: bytes) -> None:
        """One frame, whole or not at all. ``torn`` says that what is written of it stayed:
        it would hide whatever follows, so the segment must be left."""
        written = os.write(self.file, data)
        if written != len(data):
            try:
                os.ftruncate(self.file, self.size)
            except OSError:
                self.torn = True
            raise OSError(f"{written} of {len(data)} bytes written")
        self.size += len(data)

    def finish(self) -> None:
        """Give it its final name, or none when it holds nothing.

        ``file`` is the caller's to close: until then it is locked.
        """
        if self.used:
            self._path.replace(self._path.with_suffix(CLOSED_SUFFIX))
        else:
            self._path.unlink()
