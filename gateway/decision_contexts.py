"""The contexts that one decision log has numbered: what its decisions have in common."""

from collections.abc import Callable, Hashable

from bentos.contract.brief_decision import DecisionContext
from bentos.contract.segment import encode_frame

MAX_KEPT = 256


class DecisionContexts:
    """Numbers are never used twice in a boot, so what is said again never says something else.

    Every segment begins with ``frames``: a turn may come to lie in a newer one than it was made
    for.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.frames: list[bytes] = []
        "Of all that a decision may name."
        self._next = 0
        self.unwritten = b""
        "Mostly nothing: frames that no decision was written after."

    def number(self, key: Hashable) -> int | None:
        """The number of what ``key`` stands for; None where that is new."""
        return self._numbers.get(key)

    def define(self, key: Hashable, make: Callable[[int], DecisionContext]) -> int:
        """A number for it; ``make`` gets that."""
        number = self._next
        self._next += 1
        frame = encode_frame(make(number))
        self._numbers[key] = number
        self.frames.append(frame)
        self.unwritten += frame
        return number

    def take_unwritten(self) -> bytes:
        """Frames to be written before the decision that was made just now."""
        unwritten, self.unwritten = self.unwritten, b""
        return unwritten

    def end_turn(self, *, failed: bool) -> None:
        """After a turn's write, when no decision waits for one: what may not be in the file is
        said again, and what became too many is forgotten."""
        if failed or len(self.frames) > MAX_KEPT:
            self._numbers.clear()
            self.frames.clear()
