"""Triton's statistics extension, from the counters of a worker's lanes.

The figures are those of the gateway worker that answers; /metrics sums them over workers.
Times are nanoseconds. What is not measured apart (copying tensors in and out) is 0.
"""

from typing import Any

from gateway.lane import Lane
from gateway.metadata import Values, json_reply
from gateway.reply import Reply
from gateway.serving import Serving
from gateway.versions import known, lane_of, short, view_of


def statistics(serving: Serving, values: Values, _body: bytes) -> Reply:
    """GET /v2/models[/{model}[/versions/{version}]]/stats."""
    snapshot = serving.snapshot
    if "version" in values:
        view_of(snapshot, values["model"])
        lanes = [lane_of(snapshot, values["model"], values["version"])]
    else:
        if "model" in values:
            view_of(snapshot, values["model"])
        names = [values["model"]] if "model" in values else sorted(snapshot.models)
        tags = [tag for name in names for tag in known(snapshot, name)]
        lanes = [snapshot.lanes[tag] for tag in tags if tag in snapshot.lanes]
    return json_reply({"model_stats": [_of(lane) for lane in lanes]})


def _of(lane: Lane) -> dict[str, Any]:
    tally, answered = lane.tally, lane.answered
    return {
        "name": lane.signature.model,
        "version": short(lane.version),
        "last_inference": tally.last_ms,
        "inference_count": tally.rows,
        "execution_count": tally.batches,
        "inference_stats": {
            "success": _duration(answered, tally.queue_s + tally.compute_s),
            "fail": _duration(sum(lane.failures.values()), 0.0),
            "queue": _duration(answered, tally.queue_s),
            "compute_input": _duration(answered, 0.0),
            "compute_infer": _duration(answered, tally.compute_s),
            "compute_output": _duration(answered, 0.0),
            "cache_hit": _duration(0, 0.0),
            "cache_miss": _duration(0, 0.0),
        },
        "batch_stats": [],
        "memory_usage": [],
    }


def _duration(count: int, seconds: float) -> dict[str, int]:
    return {"count": count, "ns": int(seconds * 1e9)}
