"""The contexts that one decision log has numbered: what its decisions have in common."""

from collections.abc import Callable, Hashable

from bentos.contract.brief_decision import DecisionContext
from bentos.contract.segment import encode_frame

MAX_KEPT = 256


class DecisionContexts:
    """Numbers are never used twice in a boot: one means the same wherever it is written."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._frames: dict[int, bytes] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._frames)

    def number(self, key: Hashable) -> int | None:
        """The number of what ``key`` stands for; None where that is new."""
        return self._numbers.get(key)

    def define(self, key: Hashable, make: Callable[[int], DecisionContext]) -> int:
        """A number for it; ``make`` gets that."""
        number = self._next
        self._frames[number] = encode_frame(make(number))
        self._numbers[key] = number
        self._next += 1
        return number

    def before(self, frames: list[bytes], named: list[int], written: set[int]) -> list[bytes]:
        """The frames of decisions, as many, with the contexts ``named`` by them before the first
        where those are not among the ``written``."""
        if written.issuperset(named):
            return frames
        missing = sorted({*named} - written)
        return [b"".join([*map(self._frames.__getitem__, missing), frames[0]]), *frames[1:]]

    def end_turn(self) -> None:
        """When no decision waits to be written: what became too many is forgotten."""
        if len(self._frames) > MAX_KEPT:
            self._numbers.clear()
            self._frames.clear()
