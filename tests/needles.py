"""Which of many byte strings occur in data: thousands are looked for in one pass."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import numpy as np

Tag = TypeVar("Tag")
HEAD = 6
"""So long each needle is at least."""
WINDOWS = 1 << 24
STEP = 1 << 22


class Needles(Generic[Tag]):
    """``needles``: bytes, and what is said where they are found."""

    def __init__(self, needles: Iterable[tuple[bytes, Tag]]) -> None:
        self._heads: dict[bytes, list[tuple[bytes, Tag]]] = defaultdict(list)
        self._begins = np.zeros(WINDOWS, bool)
        self._goes_on = np.zeros(WINDOWS, bool)
        for needle, tag in needles:
            if len(needle) < HEAD:
                raise ValueError(f"expected {HEAD} bytes and more, got {needle!r}")
            self._heads[needle[:HEAD]].append((needle, tag))
            self._begins[int.from_bytes(needle[:3], "big")] = True
            self._goes_on[int.from_bytes(needle[3:HEAD], "big")] = True

    def found(self, data: bytes) -> set[Tag]:
        """What is said of those that occur."""
        found: set[Tag] = set()
        for at in self._candidates(data):
            for needle, tag in self._heads.get(data[at : at + HEAD], ()):
                if data.startswith(needle, at):
                    found.add(tag)
        return found

    def _candidates(self, data: bytes) -> Iterator[int]:
        """Where the first six bytes may be some needle's."""
        for begin in range(0, len(data), STEP):
            part = np.frombuffer(data[begin : begin + STEP + HEAD], np.uint8).astype(np.uint32)
            if len(part) < HEAD:
                return
            three = part[:-2] << 16 | part[1:-1] << 8 | part[2:]
            likely = self._begins[three[:-3]] & self._goes_on[three[3:]]
            for at in np.flatnonzero(likely[:STEP]):
                yield begin + int(at)
