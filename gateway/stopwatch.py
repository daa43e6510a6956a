"""Where a request's time went.

The event loop's own clock ticks in milliseconds (uvloop's), too coarse for answers that take half
of one: times and deadlines of requests are those of ``time.monotonic``, which has the same zero.
"""

from collections.abc import Callable


class Stopwatch:
    """One request's times, in seconds of ``clock``."""

    __slots__ = (
        "_clock",
        "feature_age_s",
        "features_s",
        "schema_digest",
        "started",
        "total_s",
        "traceparent",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.started = clock()
        self.features_s = 0.0
        self.feature_age_s: float | None = None
        self.total_s = 0.0
        self.traceparent: bytes | None = None
        self.schema_digest: str | None = None

    def packed(self, schema_digest: str, feature_age_s: float | None = None) -> None:
        """The rows are packed for a version's lane; the last version asked counts.

        ``feature_age_s`` is the age of the oldest online feature among them.
        """
        self.feature_age_s = feature_age_s
        self.features_s = self._clock() - self.started
        self.schema_digest = schema_digest

    def stop(self) -> None:
        """The answer is known."""
        self.total_s = self._clock() - self.started
