"""What a part of the gateway says of itself for /metrics.

Every part has a ``metrics()`` that yields samples; plain tuples (name, help, labels, value)
will do. A name ending in ``_total`` is a counter: it only grows while the part lives, and
is added up over all workers and over those that died. Anything else is a gauge: what is so
now, over the workers alive, combined as ``over`` says.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

PREFIX = "signalbox_gateway"


class Over(StrEnum):
    """How a gauge of several workers becomes one."""

    SUM = "sum"
    MAX = "max"
    MIN = "min"


class Sample(NamedTuple):
    """One value of one label set; units belong in the name (``_seconds``, ``_bytes``)."""

    name: str
    help: str
    labels: Mapping[str, str]
    value: float
    over: Over = Over.MAX


Samples = Callable[[], Iterable[tuple[str, str, Mapping[str, str], float] | Sample]]
