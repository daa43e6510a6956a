"""What one process of the control plane counts, for Prometheus. Names end in their unit; no label
is made from what a caller sends, none holds a secret."""

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

PREFIX = "signalbox_control_plane"
PUBLISH_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
REQUEST_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
JOBS = ("publisher", "checkpointer", "upkeep", "sums", "webhooks", "redactions")
"""What goes on beside the requests."""


def nobody_is_told(failed: bool) -> None:
    """For a job by itself, whose passes nobody counts."""


class Metrics:
    """One process's, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._publish = self._histogram(
            "publish_seconds",
            "From a change's commit in this process until the streams were told, kills and the "
            "rest each.",
            PUBLISH_SECONDS,
        )
        text = "Passes of the publisher, also those that found nothing to do."
        passes = self._counter("publisher_passes_total", text, "outcome")
        self._passes = {failed: passes.labels("failed" if failed else "ok") for failed in (0, 1)}
        text = "Number of each document's revision in force."
        self._revision = self._gauge("document_revision", text, "document")
        labels = ("route", "method", "status")
        self._requests = self._counter("requests_total", "Requests answered.", *labels)
        text = "From a request's head until its answer's."
        self._seconds = self._histogram("request_seconds", text, REQUEST_SECONDS, "route", "method")
        self._denials = self._counter("denials_total", "Requests refused and recorded.", "status")
        text = "Proofs of who one is that were none."
        self._sign_ins = self._counter("sign_in_failures_total", text, "method")
        text = "Keyed changes that were sent again and answered as before."
        self._replays = self._counter("replays_total", text)
        text = "Runs of what goes on beside the requests."
        self._runs = self._counter("job_runs_total", text, "job", "outcome")
        text = "When a job last ended well, in Unix time; 0 before it ever did."
        self._succeeded = self._gauge("job_success_timestamp_seconds", text, "job")
        text = "What an upstream GrowthBook answered and sent."
        self._follow = self._counter("follow_payloads_total", text, "outcome")
        text = "Requests made to webhooks, by what followed."
        self._webhooks = self._counter("webhook_attempts_total", text, "outcome")
        self._show_zeros()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; ``route`` is its template."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)

    def denied(self, status: int) -> None:
        """Somebody was refused what they may not have."""
        self._denials.labels(str(status)).inc()

    def not_signed_in(self, method: str) -> None:
        """A ``password``, an identity ``provider``'s word or a ``key`` was no good."""
        self._sign_ins.labels(method).inc()

    def replayed(self) -> None:
        """A change was sent again."""
        self._replays.inc()

    def ran(self, job: str, *, failed: bool) -> None:
        """A run of a job has ended."""
        self._runs.labels(job, "failed" if failed else "ok").inc()
        if not failed:
            self._succeeded.labels(job).set(time.time())

    def followed(self, outcome: str) -> None:
        """The upstream was asked, or sent something."""
        self._follow.labels(outcome).inc()

    def webhook_attempt(self, outcome: str) -> None:
        """A request was made to a webhook: delivered, again, dead or disabled followed."""
        self._webhooks.labels(outcome).inc()

    def passed(self, *, failed: bool) -> None:
        """A pass of the publisher has ended."""
        self._passes[failed].inc()
        self.ran("publisher", failed=failed)

    def announced(self, seconds: float) -> None:
        """The streams were told of a change this long after its commit."""
        self._publish.observe(seconds)

    def in_force(self, document: str, number: int) -> None:
        """A document has a new revision."""
        self._revision.labels(document).set(number)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show what ``value`` returns whenever somebody looks."""
        shown = Gauge(f"{PREFIX}_{name}", text, registry=self.registry)
        shown.set_function(value)

    def expose(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, labels, buckets=buckets, registry=self.registry)

    def _show_zeros(self) -> None:
        """A rate over what never happened is 0, not nothing."""
        for job in JOBS:
            self._succeeded.labels(job)
            for outcome in ("ok", "failed"):
                self._runs.labels(job, outcome)
        for method in ("password", "provider", "key"):
            self._sign_ins.labels(method)
        for outcome in ("taken", "unchanged", "refused", "failed"):
            self._follow.labels(outcome)
        for outcome in ("delivered", "again", "dead", "disabled"):
            self._webhooks.labels(outcome)
