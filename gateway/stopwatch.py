"""Where a request's time went.

The event loop's own clock ticks in milliseconds (uvloop's), too coarse for answers that take half
of one: times and deadlines of requests are those of ``time.monotonic``, which has the same zero.
"""

from time import monotonic

import msgspec


class Stopwatch(msgspec.Struct, gc=False):
    """One request's times, in seconds of ``time.monotonic``."""

    started: float
    traceparent: bytes | None = None
    features_s: float = 0.0
    feature_age_s: float | None = None
    total_s: float = 0.0
    schema_digest: str | None = None

    def packed(self, schema_digest: str, feature_age_s: float | None = None) -> None:
        """The rows are packed for a version's lane; the last version asked counts.

        ``feature_age_s`` is the age of the oldest online feature among them.
        """
        self.feature_age_s = feature_age_s
        self.features_s = monotonic() - self.started
        self.schema_digest = schema_digest

    def stop(self) -> None:
        """The answer is known."""
        self.total_s = monotonic() - self.started
