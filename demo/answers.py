"""What the gateway answered: one small record per request, and live figures for the screen."""

from collections import Counter, deque
from dataclasses import dataclass, field
from uuid import UUID

LATENCY_WINDOW = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered request. ``revision`` as ``"<epoch>.<number>"``; ``seconds`` at the client."""

    model: str
    key: str
    version: str
    variant: str
    reason: str
    revision: str
    decision: UUID | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a good answer: what was asked and what came."""

    model: str
    key: str
    problem: str


@dataclass
class Tally:
    """Running figures of everything sent so far."""

    sent: int = 0
    failures: list[Failure] = field(default_factory=list)
    by_version: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCY_WINDOW))
    acknowledged: list[UUID] = field(default_factory=list)
    unlogged: int = 0

    def add(self, answer: Answer) -> None:
        """Count a good answer."""
        self.sent += 1
        self.by_version[answer.model, answer.version] += 1
        self.by_reason[answer.reason] += 1
        self.recent.append(answer.seconds)
        if answer.decision is None:
            self.unlogged += 1
        else:
            self.acknowledged.append(answer.decision)

    def fail(self, failure: Failure) -> None:
        """Count a request without one."""
        self.sent += 1
        self.failures.append(failure)

    def quantile_ms(self, share: float) -> float:
        """Latency of the last requests at ``share`` (0.5: median), in ms; 0 before the first."""
        if not self.recent:
            return 0.0
        ordered = sorted(self.recent)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000.0
