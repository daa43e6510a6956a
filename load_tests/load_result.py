"""What one round of load gave."""

from dataclasses import dataclass, field

SHOWN_FAILURES = 3


@dataclass
class LoadResult:
    """``latencies_ns``, of answers with status 200, are sorted; ``shed`` counts answers 429 and
    503; ``failures`` says what else went wrong, a few times; ``busy`` is the share of its core
    that the client used; ``server_cpu_s`` what all processes of the side used of theirs, for
    the answers that came after the round's end (``late``) too."""

    connections: int
    seconds: float
    latencies_ns: list[int]
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    shed: int = 0
    busy: float = 0.0
    server_cpu_s: float = 0.0
    late: int = 0

    @property
    def per_second(self) -> float:
        """Answers with status 200 per second."""
        return len(self.latencies_ns) / self.seconds

    def percentile_ms(self, share: float) -> float:
        """Latency below which ``share`` of the answers came, in milliseconds; NaN for none."""
        if not self.latencies_ns:
            return float("nan")
        position = min(int(len(self.latencies_ns) * share), len(self.latencies_ns) - 1)
        return self.latencies_ns[position] / 1e6


@dataclass
class Tally:
    """A round while it runs."""

    latencies_ns: list[int] = field(default_factory=list)
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    shed: int = 0

    def fail(self, what: str) -> None:
        """Count a failure; the first few are kept in words."""
        self.failed += 1
        if len(self.failures) < SHOWN_FAILURES:
            self.failures.append(what)
