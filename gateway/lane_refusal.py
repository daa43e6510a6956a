"""What a worker's answer other than 200 means to its lane."""

from gateway.errors import BadAnswer, BatchRefused, LaneError, LaneFull, LaneRefused, LaneTimeout
from gateway.lane_connection import HttpAnswer
from gateway.lane_request import Encoding
from gateway.lane_worker import LaneWorker

TOO_MANY, DEADLINE = 429, 504
# How servers without the binary extension refuse it: as no JSON, or as no media type of theirs.
NOT_UNDERSTOOD = frozenset({400, 415, 422})
TEXT_BYTES = 200


def refused(version: str, worker: LaneWorker, answer: HttpAnswer) -> LaneError:
    """The error of a refused call; a worker that turns out to want JSON gets it from now on.

    Bodies are read as text: BentoML alone has three shapes for an error.
    """
    text = answer.body[:TEXT_BYTES].decode("utf-8", "replace")
    if answer.status == TOO_MANY:
        return LaneFull(f"{version}: the worker takes no more", text)
    if answer.status == DEADLINE:
        return LaneTimeout(f"{version}: dropped by the worker", text)
    if 300 <= answer.status < 400:
        # Never followed: a wrong base path would cost a second trip for every batch.
        return BadAnswer(f"{version}: status {answer.status}, sent on to {answer.location!r}")
    if answer.status in NOT_UNDERSTOOD and not worker.encoding_is_sure:
        worker.encoding, worker.encoding_is_sure = Encoding.JSON, True
        return LaneRefused(f"{version}: binary tensors refused", text)
    return BatchRefused(f"{version}: status {answer.status}", text)
