"""What a night could not let go of: named, with why; it stays, and the night goes on.

Whatever is wrong with something old in the lake is no reason to lose tonight's versions.
"""

from collections.abc import Iterator
from contextlib import contextmanager

MAX_SAID = 500
"""Characters of a reason that are kept."""


class Stuck:
    """Places of the lake that could not be read or removed. ``why``: place → what was wrong."""

    def __init__(self) -> None:
        self.why: dict[str, str] = {}

    @contextmanager
    def named(self, place: str) -> Iterator[None]:
        """Carry out the block; an error ends the block, and is noted under ``place``."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the night
            self.why[place] = f"{type(error).__name__}: {error}"[:MAX_SAID]
