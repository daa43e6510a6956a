"""Counts and latencies of the whole gateway: every worker counts in its own shared file, and
whichever worker is asked adds all of them up, those of dead workers too.

prometheus_client's own objects take a lock and a label lookup per observation, and its
multi-process mode a file per process and kind; here a request touches histograms that were
bound to its label set once.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from gateway.batch import LaneAnswer
from gateway.histogram import ROWS, Histogram
from gateway.sample import PREFIX, Sample, Samples
from gateway.shared_values import Key, SharedValues
from gateway.totals import Totals

# What parts say of themselves is as old as this in the eyes of other workers.
PUBLISH_S = 0.25
_LABELS = ("model", "version", "variant", "reason", "status")

Labels = tuple[str, str, str, str, str]


class Tally:
    """The histograms one label set of requests goes to."""

    __slots__ = ("lane", "queue", "rows", "total")

    def __init__(self, shared: SharedValues, labels: Labels) -> None:
        version = {"model": labels[0], "version": labels[1]}
        self.total = Histogram(
            shared,
            f"{PREFIX}_request_seconds",
            "Routed requests, body read to answer.",
            dict(zip(_LABELS, labels, strict=True)),
        )
        self.queue = Histogram(
            shared, f"{PREFIX}_queue_seconds", "Wait for a worker of the version.", version
        )
        self.lane = Histogram(
            shared, f"{PREFIX}_lane_seconds", "From the batch's departure to its answer.", version
        )
        self.rows = Histogram(
            shared, f"{PREFIX}_batch_rows", "Rows of the batch a request was in.", version, ROWS
        )


class Metrics:
    """One worker's metrics. ``samples`` is asked for what other parts count themselves."""

    def __init__(self, shared: SharedValues, folder: Path, samples: Samples) -> None:
        self._shared = shared
        self._folder = folder
        self._samples = samples
        self._tallies: dict[Labels, Tally] = {}
        self._refused: dict[tuple[str, int], memoryview[float]] = {}
        self._last: dict[Key, float] = {}
        self._gauges: set[Key] = set()
        self._registry = CollectorRegistry()
        self._registry.register(self)

    # --- counting ---------------------------------------------------------------------
    def observe(self, labels: Labels, seconds: float, answer: LaneAnswer | None) -> None:
        """Count one routed request."""
        tally = self._tallies.get(labels)
        if tally is None:
            tally = self._tallies[labels] = Tally(self._shared, labels)
        tally.total.observe(seconds)
        if answer is not None:
            tally.queue.observe(answer.queue_us * 1e-6)
            tally.lane.observe(answer.lane_us * 1e-6)
            tally.rows.observe(answer.batch_rows)

    def refuse(self, path: str, status: int, reason: str = "") -> None:
        """Count one request that was refused before it was routed; ``reason``: why it is 401."""
        if reason:
            self._refuse_unknown(path, reason)
        cells = self._refused.get((path, status))
        if cells is None:
            labels = (("path", path), ("status", str(status)))
            text = "Requests refused before routing."
            cells = self._shared.cells(Key(f"{PREFIX}_refused_total", text, labels))
            self._refused[path, status] = cells
        cells[0] += 1.0

    def _refuse_unknown(self, path: str, reason: str) -> None:
        labels = (("path", path), ("reason", reason))
        text = "Callers nobody knows, by what was wrong with their key, signature or token."
        self._shared.cells(Key(f"{PREFIX}_unauthorized_total", text, labels))[0] += 1.0

    async def keep_published(self) -> None:
        """Publish until cancelled."""
        while True:
            self.publish()
            await asyncio.sleep(PUBLISH_S)

    def publish(self) -> None:
        """Put what the parts say now where other workers can read it."""
        last: dict[Key, float] = {}
        gauges: set[Key] = set()
        for each in self._samples():
            sample = Sample(*each)
            counts = sample.name.endswith("_total")
            over = None if counts else sample.over
            key = Key(sample.name, sample.help, tuple(sample.labels.items()), (), over)
            cells = self._shared.cells(key)
            if counts:
                # A part that was made anew counts from zero again; the total never does.
                before = self._last.get(key, 0.0)
                cells[0] += sample.value - before if sample.value >= before else sample.value
                last[key] = sample.value
            else:
                cells[0] = sample.value
                gauges.add(key)
        for key in self._gauges - gauges:
            self._shared.cells(key)[0] = float("nan")
        self._last, self._gauges = last, gauges

    # --- showing ----------------------------------------------------------------------
    def totals(self) -> Totals:
        """The numbers of all workers, this one's up to date."""
        self.publish()
        return Totals.of(self._folder)

    def expose(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Called by the registry at scrape time."""
        families: dict[str, Metric] = {}
        for key, cells in self.totals().values.items():
            family = families.get(key.name)
            if family is None:
                family = families[key.name] = _family(key)
            _add(family, key, cells)
        return families.values()


def _family(key: Key) -> Metric:
    names = [name for name, _ in key.labels]
    if key.bounds:
        return HistogramMetricFamily(key.name, key.help, labels=names)
    kind = GaugeMetricFamily if key.over else CounterMetricFamily
    return kind(key.name, key.help, labels=names)


def _add(family: Metric, key: Key, cells: list[float]) -> None:
    labels = [value for _, value in key.labels]
    if isinstance(family, HistogramMetricFamily):
        total, buckets = 0.0, []
        for bound, count in zip((*map(str, key.bounds), "+Inf"), cells, strict=False):
            total += count
            buckets.append((bound, total))
        family.add_metric(labels, buckets, cells[-1])
    elif isinstance(family, CounterMetricFamily | GaugeMetricFamily):
        family.add_metric(labels, cells[0])
