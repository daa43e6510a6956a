"""Random bytes, read from the system many at a time: a call each costs more than the bytes."""

import os

BLOCK_BYTES = 4096


class Entropy:
    """One process's supply; no byte is handed out twice."""

    __slots__ = ("_block", "_offset")

    def __init__(self) -> None:
        self._block = b""
        self._offset = BLOCK_BYTES

    def take(self, size: int) -> bytes:
        """``size`` bytes of the operating system's randomness, at most 4,096."""
        start = self._offset
        if start + size > BLOCK_BYTES:
            self._block, start = os.urandom(BLOCK_BYTES), 0
        self._offset = start + size
        return self._block[start : start + size]
