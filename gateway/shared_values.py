"""Numbers of one worker in a file that every other worker can read, also after its death.

The file is the worker's slot, mapped into memory: counting is a store into it, so nothing is
lost when the process is killed and nothing has to be sent. Only the slot's holder writes.

    8 bytes   how much of the file is used; written after what it covers is whole
    entries   length of the key, number of cells (8 bytes each), key (JSON, padded to
              8 bytes), cells (doubles)
"""

import math
import mmap
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from gateway.sample import Over
from gateway.worker_slot import WorkerSlot

log = structlog.get_logger(__name__)

# Sparse: what is not used takes no room. Some 10,000 label sets of a histogram.
FILE_BYTES = 4 * 1024 * 1024
_WORD = 8


class Key(msgspec.Struct, frozen=True, array_like=True):
    """Which numbers: a counter (``over`` None, one cell), a gauge (``over``, one cell), or a
    histogram (``bounds``; a cell per bucket, one for what is above, one for the sum)."""

    name: str
    help: str
    labels: tuple[tuple[str, str], ...]
    bounds: tuple[float, ...] = ()
    over: Over | None = None

    @property
    def cells(self) -> int:
        """How many numbers it has."""
        return len(self.bounds) + 2 if self.bounds else 1


class SharedValues:
    """The writing end. Counters of the slot's last holder go on, its gauges are gone."""

    def __init__(self, slot: WorkerSlot) -> None:
        os.ftruncate(slot.descriptor, FILE_BYTES)
        self._map = mmap.mmap(slot.descriptor, FILE_BYTES)
        self._words: memoryview[int] = memoryview(self._map).cast("Q")
        self._doubles: memoryview[float] = memoryview(self._map).cast("d")
        self._known: dict[Key, memoryview[float]] = {}
        self._full = False
        for key, start in _entries(self._map):
            cells = self._known[key] = self._doubles[start : start + key.cells]
            if key.over is not None:
                cells[0] = math.nan

    def cells(self, key: Key) -> "memoryview[float]":
        """The numbers of a key, to be changed in place; zero when it is new."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._append(key)
        return known

    def _append(self, key: Key) -> "memoryview[float]":
        text = msgspec.json.encode(key)
        start = max(1, self._words[0] // _WORD)
        first = start + 2 + -(-len(text) // _WORD)
        end = first + key.cells
        if end * _WORD > FILE_BYTES:
            return self._left_out(key)
        self._words[start], self._words[start + 1] = len(text), key.cells
        self._map[(start + 2) * _WORD : (start + 2) * _WORD + len(text)] = text
        self._words[0] = end * _WORD
        return self._doubles[first:end]

    def _left_out(self, key: Key) -> "memoryview[float]":
        if not self._full:
            log.error("metrics_full", bytes=FILE_BYTES, first_left_out=key.name)
            self._full = True
        return memoryview(bytearray(key.cells * _WORD)).cast("d")


def read(path: Path) -> Iterator[tuple[Key, list[float]]]:
    """All numbers of a slot, as they are now. Raises OSError."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < FILE_BYTES:
            return  # taken a moment ago
        with (
            mmap.mmap(file.fileno(), FILE_BYTES, prot=mmap.PROT_READ) as data,
            memoryview(data) as whole,
            whole.cast("d") as doubles,
        ):
            for key, start in _entries(data):
                yield key, [*doubles[start : start + key.cells]]


def _entries(data: mmap.mmap) -> Iterator[tuple[Key, int]]:
    """Every key and the index of its first cell."""

    def word(index: int) -> int:
        return int.from_bytes(data[index * _WORD : (index + 1) * _WORD], sys.byteorder)

    index, end = 1, word(0) // _WORD
    while index < end:
        length, cells = word(index), word(index + 1)
        start = (index + 2) * _WORD
        key = msgspec.json.decode(data[start : start + length], type=Key)
        index += 2 + -(-length // _WORD)
        yield key, index
        index += cells
