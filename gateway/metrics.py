"""Counts and latencies, kept as plain integers on the request path and read at scrape time.

prometheus_client's own objects take a lock and a label lookup per observation; here a
request touches one Tally it found by a tuple, and the collector turns tallies into families.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

LATENCY_BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_LABELS = ["model", "version", "variant", "reason", "status"]

Labels = tuple[str, str, str, str, str]
Gauges = Callable[[], Iterable[tuple[str, str, dict[str, str], float]]]


@dataclass(slots=True)
class Tally:
    """Requests of one label set."""

    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_S) + 1))

    def observe(self, seconds: float) -> None:
        """Count one request that took this long."""
        self.count += 1
        self.seconds += seconds
        self.buckets[bisect_left(LATENCY_BOUNDS_S, seconds)] += 1


class Metrics:
    """All of one worker's metrics. ``gauges`` is asked at scrape time for state held elsewhere:
    (name, help, labels, value); names ending in _total are exposed as counters."""

    def __init__(self, gauges: Gauges) -> None:
        self.requests: dict[Labels, Tally] = {}
        self.refused: dict[tuple[str, str], int] = {}
        self._gauges = gauges
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def observe(self, labels: Labels, seconds: float) -> None:
        """Count one routed request."""
        tally = self.requests.get(labels)
        if tally is None:
            tally = self.requests[labels] = Tally()
        tally.observe(seconds)

    def refuse(self, path: str, status: int) -> None:
        """Count one request that was refused before it was routed."""
        key = (path, str(status))
        self.refused[key] = self.refused.get(key, 0) + 1

    def expose(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Called by the registry at scrape time."""
        latency = HistogramMetricFamily(
            "signalbox_gateway_request_seconds",
            "Routed requests, body read to answer.",
            labels=_LABELS,
        )
        for labels, tally in self.requests.items():
            total, buckets = 0, []
            for bound, count in zip((*LATENCY_BOUNDS_S, "+Inf"), tally.buckets, strict=True):
                total += count
                buckets.append((str(bound), total))
            latency.add_metric(labels, buckets, tally.seconds)
        yield latency
        refused = CounterMetricFamily(
            "signalbox_gateway_refused",
            "Requests refused before routing.",
            labels=["path", "status"],
        )
        for key, count in self.refused.items():
            refused.add_metric(key, count)
        yield refused
        yield from self._state()

    def _state(self) -> Iterable[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for name, text, labels, value in self._gauges():
            family = families.get(name)
            if family is None:
                kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
                family = families[name] = kind(name, text, labels=list(labels))
            family.add_metric(list(labels.values()), value)
        return families.values()
