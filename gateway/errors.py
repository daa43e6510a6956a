"""Errors a caller sees. Each knows its HTTP status; app.py renders them in one place.

GatewayError
├── BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404 · MethodNotAllowed 405
├── RequestTimeout 408 · TooLarge 413 · UriTooLong 414 · UnsupportedEncoding 415
├── TooManyRequests 429 · HeadersTooLarge 431
└── Unavailable 503 (Overloaded) · DeadlineExceeded 504
LaneError: a version did not answer; predict.py turns it into a fallback or one of the above
├── LaneUnavailable · Unpackable · LaneFull · LaneTimeout · LaneLost · LaneRefused
└── BadAnswer (BatchRefused)
"""

from collections.abc import Sequence
from typing import Self


class GatewayError(Exception):
    """Base; never raised itself."""

    status = 500
    retry_after_s: int | None = None
    closes = False
    "Whether the connection ends with the answer, as the rest of the request is not wanted."


class BadRequest(GatewayError):
    """The caller must change the request; the message names field, expected and got."""

    status = 400


class Unauthorized(GatewayError):
    """No key, an unknown one, an expired one. ``reason``: a word of a closed list, for counting."""

    status = 401

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class Forbidden(GatewayError):
    """The key is good, but not for this."""

    status = 403


class NotFound(GatewayError):
    """No such model, version or path."""

    status = 404


class MethodNotAllowed(GatewayError):
    """The path exists, but not with this method; ``allowed`` are those it has."""

    status = 405

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"method: expected {self.allowed}, got {method}")


class RequestTimeout(GatewayError):
    """The request took too long to arrive."""

    status = 408


class TooLarge(GatewayError):
    """The body exceeds the limit."""

    status = 413


class UriTooLong(GatewayError):
    """Path and query exceed the limit."""

    status = 414


class UnsupportedEncoding(GatewayError):
    """The body is packed in a way nobody here can unpack."""

    status = 415


class HeadersTooLarge(GatewayError):
    """Too many headers, or too large ones."""

    status = 431


class TooManyRequests(GatewayError):
    """The key's rate is used up."""

    status = 429
    retry_after_s = 1


class Unavailable(GatewayError):
    """No version can answer now; try again."""

    status = 503
    retry_after_s = 1


class Overloaded(Unavailable):
    """Calls of the model wait too long already: whoever is refused comes back later."""

    def __init__(self, retry_after_s: int, model: str, calls: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"{model}: overloaded, {calls} calls are being answered; come back later")


class DeadlineExceeded(GatewayError):
    """The deadline passed before a version answered."""

    status = 504


class InternalError(GatewayError):
    """Our own fault; the traceback is in the log."""

    status = 500


class LaneError(Exception):
    """A version did not answer as it should; ``counted_as`` is its metric label.

    ``is_workers_fault`` counts towards ejecting the worker; ``may_repeat`` means that the same
    worker may be asked once more. ``quote`` is what may repeat a value of the batch.
    """

    counted_as = "error"
    is_workers_fault = False
    may_repeat = False

    def __init__(self, text: str, quote: str = "") -> None:
        super().__init__(f"{text}: {quote}" if quote else text)
        self._text = text

    def unquoted(self) -> Self:
        """The same for several callers: none may read what was quoted of another's row."""
        return type(self)(self._text)


class LaneUnavailable(LaneError):
    """No worker of the version can be reached."""

    counted_as = "unavailable"


class Unpackable(LaneError):
    """The version's feature schema cannot take what the model's signature lets through."""

    counted_as = "unpackable"


class LaneFull(LaneError):
    """The lane's queue is full: pressure, not the version's fault."""

    counted_as = "full"


class LaneTimeout(LaneError):
    """The version did not answer in its time."""

    counted_as = "timeout"


class LaneLost(LaneError):
    """The connection broke with the request in flight."""

    counted_as = "lost"
    is_workers_fault = True
    may_repeat = True


class LaneRefused(LaneError):
    """The worker does not read binary tensors; it gets JSON from now on."""

    counted_as = "refused"
    may_repeat = True


class BadAnswer(LaneError):
    """The version answered, but not what the signature promises."""

    counted_as = "bad_answer"
    is_workers_fault = True


class BatchRefused(BadAnswer):
    """A worker answered a batch with the status of an error: one caller's row may be why."""
