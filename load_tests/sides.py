"""What is compared: each side is a set of running processes and the requests it gets."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from load_tests.http_connection import Target
from load_tests.processes import freeze, thaw

NAMED = "named values"
TENSOR = "OIP JSON"
BINARY = "OIP binary"


@dataclass(frozen=True)
class Side:
    """One row of the report. ``requests`` answer the rows of the comparison in their order.

    ``pids`` are the processes it takes (their children come along), ``victims`` those that are
    never let run again once it is up; ``url`` is where a gateway tells its status.
    """

    name: str
    label: str
    target: Target
    requests: tuple[bytes, ...]
    pids: tuple[int, ...]
    body: str = NAMED
    url: str | None = None
    victims: tuple[int, ...] = ()

    @cached_property
    def stream(self) -> Iterator[bytes]:
        """The requests, over and over; each round goes on where the last one stopped, so that
        a key comes back only after all others."""
        return itertools.cycle(self.requests)

    def freeze(self) -> None:
        """Its processes wait for its turn."""
        freeze((*self.pids, *self.victims))


@dataclass
class Sides:
    """The sides that run, and why the others do not."""

    running: dict[str, Side] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


@contextmanager
def turn(side: Side) -> Iterator[Side]:
    """Let the side's processes run, and nobody else's, while its turn lasts."""
    thaw(side.pids)
    try:
        yield side
    finally:
        side.freeze()
