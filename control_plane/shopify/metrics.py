"""What the ingress counts, for Prometheus. Topics come from a closed list, like all labels."""

from collections.abc import Callable, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from bentos.contract.shopify import Why
from control_plane.shopify.inbox import State
from control_plane.shopify.payloads import BODIES

PREFIX = "signalbox_ingress"
OTHER = "other"
ANSWER_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
PRUNE_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 5.0)
SCORE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0)


class Metrics:
    """One process's, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._deliveries = self._counter(
            "deliveries_total", "Deliveries, by how they were answered.", "topic", "answer"
        )
        self._refused = self._counter(
            "unauthorized_total", "Deliveries nobody here signed, by what was wrong.", "reason"
        )
        for why in (Why.MISSING, Why.MALFORMED, Why.SIGNATURE, Why.SHOP):
            self._refused.labels(why.value)
        self._applied = self._counter(
            "applied_total",
            "Deliveries that are done with, by what became of them.",
            "topic",
            "state",
        )
        self._assessments = self._counter(
            "assessments_total", "Orders of the fraud loop, by what became of them.", "outcome"
        )
        self._reconciled = self._counter(
            "reconciled_orders_total",
            "Orders read again, and whether a delivery had been lost.",
            "outcome",
        )
        self._farewells = self._counter(
            "uninstalled_total",
            "Uninstallations seen to, by what became of the shop's credentials.",
            "outcome",
        )
        self._pruned = self._counter(
            "pruned_rows_total", "Rows whose time to be kept was over.", "place"
        )
        text = "One batch of them: how long nothing else was written."
        self._prune_seconds = self._histogram("prune_seconds", text, PRUNE_SECONDS)
        self._runs = self._counter(
            "job_runs_total", "Runs of what goes on beside the deliveries.", "job", "outcome"
        )
        text = "From a delivery's head until its answer."
        self.answer_seconds = self._histogram("answer_seconds", text, ANSWER_SECONDS)
        text = "One call of the gateway for an order."
        self.score_seconds = self._histogram("score_seconds", text, SCORE_SECONDS)

    def delivery(self, topic: str, answer: str) -> None:
        """One was answered."""
        self._deliveries.labels(known(topic), answer).inc()

    def refused(self, why: Why) -> None:
        """One was answered 401."""
        self._refused.labels(why.value).inc()

    def applied(self, topic: str, state: State) -> None:
        """One is done with."""
        self._applied.labels(known(topic), state.name.lower()).inc()

    def assessed(self, outcome: str) -> None:
        """The fraud loop is done with an order, or with a try."""
        self._assessments.labels(outcome).inc()

    def reconciled(self, outcome: str) -> None:
        """An order was read again."""
        self._reconciled.labels(outcome).inc()

    def said_farewell(self, outcome: str) -> None:
        """An uninstallation was seen to: ``forgotten`` or ``connected_again``."""
        self._farewells.labels(outcome).inc()

    def pruned(self, place: str, rows: int) -> None:
        """Rows of a place have gone, as their time was over."""
        self._pruned.labels(place).inc(rows)

    def held_writer(self, seconds: float) -> None:
        """A batch of what goes has been written."""
        self._prune_seconds.observe(seconds)

    def ran(self, job: str, *, failed: bool) -> None:
        """A job's run has ended."""
        self._runs.labels(job, "failed" if failed else "ok").inc()

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A number that is read when somebody looks."""
        Gauge(f"{PREFIX}_{name}", text, registry=self.registry).set_function(read)

    def page(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, buckets=buckets, registry=self.registry)


def known(topic: str) -> str:
    """A label: never what a caller made up."""
    return topic if topic in BODIES else OTHER
