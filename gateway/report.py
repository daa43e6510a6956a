"""What a gateway says of itself: /status, and the samples /metrics is made of.

Parts that count have a ``metrics()`` of their own (sample.py); a new one is one line in
``samples``. Counts are of all workers, since any of them may be asked.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gateway.lane import Lane
from gateway.sample import PREFIX, Over, Sample
from gateway.totals import Totals

if TYPE_CHECKING:
    from gateway.serving import Serving

SHADOW_OUTCOMES = ("compared", "agreed", "failed", "dropped")
Samples = Iterator[tuple[str, str, Mapping[str, str], float] | Sample]


# --- /status ----------------------------------------------------------------------------
def status(serving: "Serving") -> dict[str, Any]:
    """Documents as this worker has them, counts of all workers."""
    totals = serving.metrics.totals()
    count = totals.count
    return {
        "gateway": serving.gateway,
        "boot": serving.log.boot,
        "workers": totals.workers,
        "connected": serving.stream.connected,
        "documents": {name.value: str(h.revision) for name, h in serving.store.headers.items()},
        "lanes": {v: _lane_status(totals, lane) for v, lane in serving.snapshot.lanes.items()},
        "features": serving.features.status(),
        "decisions": {
            "written": count(f"{PREFIX}_decisions_total"),
            "lost": count(f"{PREFIX}_decisions_lost_total"),
        },
        "overload": {"refused": count(f"{PREFIX}_overload_refused_total")},
        "shadow": {o: count(f"{PREFIX}_shadow_total", outcome=o) for o in SHADOW_OUTCOMES},
        **_kills(serving, totals),
    }


def _lane_status(totals: Totals, lane: Lane) -> dict[str, Any]:
    version = lane.version
    return {
        "answered": totals.count(f"{PREFIX}_lane_answers_total", version=version),
        "batches": totals.count(f"{PREFIX}_lane_batches_total", version=version),
        "failures": totals.by(f"{PREFIX}_lane_failures_total", "kind", version=version),
        "reachable": lane.reachable,
    }


def _kills(serving: "Serving", totals: Totals) -> dict[str, Any]:
    """Every kill with its id, and how many workers have it."""
    count = totals.count
    return {
        "local_kills": {
            model: {
                "id": kill.id,
                "version": kill.version,
                "workers": count(f"{PREFIX}_local_kill", model=model, id=kill.id),
            }
            for model, kill in serving.asked_kills.in_force().items()
        },
        "published_kills": {
            model: {
                "id": kill.id,
                "version": kill.version,
                "workers": count(f"{PREFIX}_published_kill", model=model, id=kill.id),
            }
            for model, kill in serving.published_kills.items()
        },
    }


# --- /metrics ---------------------------------------------------------------------------
def samples(serving: "Serving") -> Samples:
    """Everything the parts of one worker count, and what is so now."""
    yield f"{PREFIX}_worker_starts_total", "Workers that came up.", {}, 1
    yield Sample(f"{PREFIX}_workers", "Workers that serve.", {}, 1, Over.SUM)
    yield from _documents(serving)
    yield from _obeyed_kills(serving)
    yield f"{PREFIX}_decisions_total", "Decisions written.", {}, serving.log.written
    yield f"{PREFIX}_decisions_lost_total", "Decisions not written.", {}, serving.log.lost
    text = "Slow or failed requests without a line in the log: there were too many."
    yield f"{PREFIX}_request_log_suppressed_total", text, {}, serving.request_log.suppressed
    yield from serving.log.metrics()
    yield from serving.features.metrics()
    yield from serving.shadow.tally.metrics()
    yield from serving.pressure.metrics()
    yield from serving.overload.metrics()
    for lane in serving.snapshot.lanes.values():
        yield from lane.metrics()
        yield from _lane(lane)


def _documents(serving: "Serving") -> Samples:
    for name, header in serving.store.headers.items():
        labels = {"document": name.value}
        revision = header.revision
        text = "Number of the document's revision, of the worker that is furthest behind."
        yield Sample(f"{PREFIX}_document_revision", text, labels, revision.number, Over.MIN)
        text = "Epoch of the document's revision; a restored backup has a higher one."
        yield Sample(f"{PREFIX}_document_epoch", text, labels, revision.epoch, Over.MIN)
    yield f"{PREFIX}_documents_refused_total", "Documents refused.", {}, serving.store.refused
    text = "1 where every worker follows the control plane's stream."
    yield Sample(f"{PREFIX}_connected", text, {}, serving.stream.connected, Over.MIN)


def _obeyed_kills(serving: "Serving") -> Samples:
    for model, kill in serving.asked_kills.in_force().items():
        labels = {"model": model, "version": kill.version, "id": kill.id}
        text = "Workers that obey a local kill; 0 where it was refused."
        obeys = model in serving.local_kills
        yield Sample(f"{PREFIX}_local_kill", text, labels, obeys, Over.SUM)
    for model, entry in serving.published_kills.items():
        labels = {"model": model, "version": entry.version, "id": entry.id}
        text = "Workers that have a kill of the kill document."
        yield Sample(f"{PREFIX}_published_kill", text, labels, 1, Over.SUM)
    text = "Times the local kill file was refused."
    yield f"{PREFIX}_local_kill_file_refused_total", text, {}, serving.local_kill_file.refused


def _lane(lane: Lane) -> Samples:
    labels = {"version": lane.version}
    text = "1 where every gateway worker reaches a worker of the version."
    yield Sample(f"{PREFIX}_lane_reachable", text, labels, lane.reachable, Over.MIN)
