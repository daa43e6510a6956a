"""One segment while it is written: locked from before it has its name until it is closed."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from bentos.contract.segment import (
    CLOSED_SUFFIX,
    MAGIC,
    OPEN_SUFFIX,
    SegmentHeader,
    encode_frame,
)
from gateway.recovery import NEW_SUFFIX, hold_lock


class ShortWrite(OSError):
    """Not all was written, and the first ``kept`` frames could not be taken back: they count."""

    def __init__(self, text: str, kept: int) -> None:
        super().__init__(text)
        self.kept = kept


class SegmentFile:
    """Raises OSError wherever the disk does. ``size`` counts the bytes of whole frames; ``torn``
    says that part of another one follows: it would hide whatever is written after it, so the
    segment must be left. ``contexts``: numbers of those that it holds, as its writer keeps them."""

    __slots__ = ("_path", "_start", "contexts", "file", "opened", "size", "torn")

    def __init__(self, folder: Path, name: str, header: SegmentHeader) -> None:
        new = folder / f"{name}{NEW_SUFFIX}"
        self._path = folder / f"{name}{OPEN_SUFFIX}"
        self.torn = False
        self.contexts: set[int] = set()
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

    def write(self, frames: Sequence[bytes]) -> None:
        """All of the frames or none; raises ShortWrite where some stayed all the same."""
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        written = os.write(self.file, data)
        if written == len(data):
            self.size += written
            return
        kept = 0
        try:
            os.ftruncate(self.file, self.size)
        except OSError:
            kept = self._keep(frames, written)
        raise ShortWrite(f"{written} of {len(data)} bytes written", kept)

    def _keep(self, frames: Sequence[bytes], written: int) -> int:
        """What is written of them stays: how many whole ones that are."""
        self.torn = True
        for number, frame in enumerate(frames):
            written -= len(frame)
            if written < 0:
                return number
            self.size += len(frame)
        return len(frames)

    def finish(self) -> None:
        """Give it its final name, or none when it holds nothing.

        ``file`` is the caller's to close: until then it is locked.
        """
        if self.used:
            self._path.replace(self._path.with_suffix(CLOSED_SUFFIX))
        else:
            self._path.unlink()
