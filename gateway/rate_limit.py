"""Rates that hold over all workers of a gateway together, without a lock.

A token bucket per key, kept as two numbers that only grow, per worker slot, in a file all
workers map: how many calls the slot admitted, and how many tokens it saw overflow.

    earned    = rate x time since the bucket was made
    admitted  = sum over the slots
    forfeited = max over the slots: tokens that would have exceeded the burst
    tokens    = burst + earned - forfeited - admitted

Only its holder writes a slot's cells, each an aligned 8-byte store. What a worker can miss is a
call that another worker admits at this very moment: over any time t at most
``burst + rate x t`` calls are admitted, plus one for each other worker.
"""

import hashlib
import mmap
import os
import struct
from collections.abc import Set as AbstractSet
from pathlib import Path

_CELL = 8
_STARTED, _FIRST = 0, 1
MIN_BURST = 1.0


class Bucket:
    """One key's bucket as one worker sees it. Times are seconds of the monotonic clock,
    which all processes of a machine share and no clock change moves."""

    __slots__ = ("_burst", "_cells", "_data", "_mine", "_rate", "_started", "_unpack")

    def __init__(self, path: Path, rate: float, slot: int, places: int, now: float) -> None:
        self._rate = rate
        self._burst = max(rate, MIN_BURST)
        self._data = _map(path, (_FIRST + 2 * places) * _CELL, now)
        self._cells = memoryview(self._data).cast("d")
        self._started: float = self._cells[_STARTED]
        self._mine = _FIRST + 2 * slot
        self._unpack = struct.Struct(f"{2 * places}d").unpack_from

    def take(self, now: float) -> bool:
        """Admit one call, or not."""
        forfeited = self.look(now)
        if forfeited is None:
            return False
        self.book(forfeited)
        return True

    def look(self, now: float) -> float | None:
        """Tokens forfeited until now if there is one to take; None if there is not."""
        values: tuple[float, ...] = self._unpack(self._data, _FIRST * _CELL)
        admitted = sum(values[0::2])
        earned = self._rate * (now - self._started)
        forfeited: float = max(*values[1::2], earned - admitted)
        if self._burst + earned - forfeited - admitted < 1.0:
            return None
        return forfeited

    def book(self, forfeited: float) -> None:
        """Write down that a call was admitted; ``forfeited`` first, so nobody sees less of it."""
        self._cells[self._mine + 1] = max(forfeited, self._cells[self._mine + 1])
        self._cells[self._mine] += 1.0

    def close(self) -> None:
        """Let the file go."""
        self._cells.release()
        self._data.close()


class RateLimiter:
    """Every key's bucket; files lie in ``folder``, ``slot`` is this worker's of ``places``."""

    def __init__(self, folder: Path, slot: int, places: int) -> None:
        self._folder = folder
        self._slot = slot
        self._places = places
        self._buckets: dict[tuple[str, float], Bucket] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, key: str, rate: float, now: float) -> bool:
        """Admit one call of a key, or not. ``now`` is monotonic; a new rate is a new bucket."""
        bucket = self._buckets.get((key, rate))
        if bucket is None:
            # A key's id is no file name until it is hashed.
            name = hashlib.sha256(f"{key}/{rate!r}".encode()).hexdigest()[:32]
            path = self._folder / f"rate-{name}"
            bucket = Bucket(path, rate, self._slot, self._places, now)
            self._buckets[key, rate] = bucket
        return bucket.take(now)

    def keep(self, rates: AbstractSet[tuple[str, float]]) -> None:
        """Let go of every bucket but those of these keys at these rates. Their files stay: a key
        that comes back has what it had left."""
        for name in self._buckets.keys() - rates:
            self._buckets.pop(name).close()

    def close(self) -> None:
        """Let the files go; they stay for the other workers."""
        for bucket in self._buckets.values():
            bucket.close()
        self._buckets.clear()


def _map(path: Path, size: int, now: float) -> mmap.mmap:
    """The file, made whole by whoever comes first."""
    if not path.exists():
        whole = path.with_name(f".{path.name}.{os.getpid()}")
        whole.write_bytes(struct.pack("d", now).ljust(size, b"\0"))
        try:
            os.link(whole, path)
        except FileExistsError:
            pass  # another worker was first, with the same size
        finally:
            whole.unlink()
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), size)
