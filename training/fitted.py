"""What fitting any model gives: a graph, its offline figures, and what to hold it against."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec
import numpy as np

from bentos.contract.manifest import OfflineMetrics

Array: TypeAlias = np.ndarray[Any, Any]
Feeds: TypeAlias = Mapping[str, Array]
Answers: TypeAlias = Mapping[str, Array]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How far answers are apart: largest error, and rows beyond the tolerance."""

    max_abs_error: float
    mismatches: int


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model with its graph.

    ``reference`` answers the same feeds as the graph, without onnxruntime. ``held_out`` are
    all rows of the test window, ``edges`` the hard cases; ``compare`` judges graph answers
    against reference answers under ``tolerance``. ``one_row`` is what the latency budget is
    measured on. ``assumptions`` go into the manifest.
    """

    onnx: bytes
    offline: OfflineMetrics
    reference: Callable[[Feeds], Answers]
    held_out: Feeds
    edges: Feeds
    compare: Callable[[Feeds, Answers, Answers], Comparison]
    tolerance: str
    parameters: dict[str, str | int | float]
    assumptions: tuple[str, ...] = ()


def first_row(feeds: Feeds) -> dict[str, Array]:
    """One row of each feed, contiguous."""
    return {name: np.ascontiguousarray(array[:1]) for name, array in feeds.items()}
