"""What the control plane counts, for Prometheus. Names end in their unit; none holds a secret."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

PREFIX = "signalbox_control_plane"
PUBLISH_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """One process's, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._publish = Histogram(
            f"{PREFIX}_publish_seconds",
            "From a change's commit in this process until the streams were told, kills and the "
            "rest each.",
            buckets=PUBLISH_SECONDS,
            registry=self.registry,
        )
        passes = Counter(
            f"{PREFIX}_publisher_passes_total",
            "Passes of the publisher, also those that found nothing to do.",
            ("outcome",),
            registry=self.registry,
        )
        self._passes = {failed: passes.labels("failed" if failed else "ok") for failed in (0, 1)}
        self._follow = Counter(
            f"{PREFIX}_follow_payloads_total",
            "What an upstream GrowthBook answered and sent: taken, unchanged, refused, failed.",
            ("outcome",),
            registry=self.registry,
        )
        self._webhooks = Counter(
            f"{PREFIX}_webhook_attempts_total",
            "Requests made to webhooks, by what followed.",
            ("outcome",),
            registry=self.registry,
        )
        self._revision = Gauge(
            f"{PREFIX}_document_revision",
            "Number of each document's revision in force.",
            ("document",),
            registry=self.registry,
        )

    def followed(self, outcome: str) -> None:
        """The upstream was asked, or sent something."""
        self._follow.labels(outcome).inc()

    def webhook_attempt(self, outcome: str) -> None:
        """A request was made to a webhook: delivered, again, dead or disabled followed."""
        self._webhooks.labels(outcome).inc()

    def passed(self, *, failed: bool) -> None:
        """A pass has ended."""
        self._passes[failed].inc()

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
