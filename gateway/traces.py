"""OpenTelemetry traces: one span a sampled request, with a child for each part of its time.

Spans are built after the answer has left, from what the stopwatch noted anyway; without
``SIGNALBOX_OTLP_ENDPOINT`` none of this is imported. A caller's W3C ``traceparent`` is the
span's parent and decides whether it is sampled. With or without a collector here it goes on to
the version's worker (``batch.py``).
"""

import asyncio
import random
import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode

from gateway import traceparent
from gateway.batch import LaneAnswer
from gateway.metrics import Labels
from gateway.stopwatch import Stopwatch

EXPORT_TIMEOUT_S = 2
FLUSH_MS = 2000


class Traces:
    """``endpoint`` is a collector's OTLP/HTTP address, ``share`` of requests is sampled."""

    def __init__(self, endpoint: str, share: float, gateway: str) -> None:
        self._share = share
        resource = Resource.create(
            {"service.name": "signalbox-gateway", "service.instance.id": gateway}
        )
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource)
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("signalbox.gateway")

    def note(
        self, decision_id: str, labels: Labels, watch: Stopwatch, answer: LaneAnswer | None
    ) -> None:
        """Build the span once the answer has left, if this request is sampled."""
        caller = traceparent.read(watch.traceparent)
        if random.random() < self._share if caller is None else caller.sampled:
            parent = caller and _parent(caller)
            loop = asyncio.get_running_loop()
            loop.call_soon(self._emit, decision_id, labels, watch, answer, parent, time.time_ns())

    def close(self) -> None:
        """Send what is there, bounded."""
        self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()

    def _emit(
        self,
        decision_id: str,
        labels: Labels,
        watch: Stopwatch,
        answer: LaneAnswer | None,
        parent: SpanContext | None,
        ended: int,
    ) -> None:
        model, version, variant, reason, status = labels
        started = ended - int(watch.total_s * 1e9)
        around = None if parent is None else trace.set_span_in_context(NonRecordingSpan(parent))
        span = self._tracer.start_span(
            f"infer {model}",
            context=around,
            kind=SpanKind.SERVER,
            start_time=started,
            attributes={
                "http.response.status_code": int(status),
                "signalbox.decision_id": decision_id,
                "signalbox.model": model,
                "signalbox.version": version,
                "signalbox.variant": variant,
                "signalbox.reason": reason,
            },
        )
        if status >= "500":
            span.set_status(Status(StatusCode.ERROR))
        inside = trace.set_span_in_context(span)
        at = started
        for name, seconds in _parts(watch, answer):
            until = at + int(seconds * 1e9)
            self._tracer.start_span(name, context=inside, start_time=at).end(until)
            at = until
        span.end(ended)


def _parts(watch: Stopwatch, answer: LaneAnswer | None) -> list[tuple[str, float]]:
    parts = [("decode, route and pack", watch.features_s)]
    if answer is not None:
        parts += [("queue", answer.queue_us * 1e-6), ("lane", answer.lane_us * 1e-6)]
    return parts


def _parent(caller: traceparent.TraceParent) -> SpanContext:
    flags = trace.TraceFlags(caller.flags)
    return SpanContext(int(caller.trace, 16), int(caller.span, 16), True, flags)
