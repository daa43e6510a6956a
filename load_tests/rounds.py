"""Rounds: every side in turn, again and again, so that what the machine does hits all alike."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import uvloop

from load_tests.http_connection import ask
from load_tests.http_load import run_load
from load_tests.load_result import LoadResult
from load_tests.open_loop import run_open_loop
from load_tests.processes import cpu_seconds
from load_tests.sides import Side, turn

# A thawed side finds its timers due and its idle connections closed: it gets over that first.
SETTLE_SECONDS = 10.0
RETRY_SECONDS = 0.05
WARM_SECONDS = 0.2


@dataclass
class Figures:
    """One side's rounds at one number of connections."""

    side: Side
    connections: int
    results: list[LoadResult] = field(default_factory=list)

    @property
    def per_second(self) -> list[float]:
        """Answers per second of each round."""
        return [result.per_second for result in self.results]

    def percentile_ms(self, share: float) -> list[float]:
        """A percentile of each round, milliseconds; rounds without an answer are left out."""
        return [result.percentile_ms(share) for result in self.results if result.latencies_ns]

    @property
    def answered(self) -> int:
        """Requests answered while the clock ran."""
        return sum(len(result.latencies_ns) for result in self.results)

    @property
    def failed(self) -> int:
        """Requests that failed."""
        return sum(result.failed for result in self.results)

    @property
    def shed(self) -> int:
        """Requests answered 429 or 503."""
        return sum(result.shed for result in self.results)

    @property
    def failures(self) -> list[str]:
        """A few of the failures, for the report."""
        return [text for result in self.results for text in result.failures][:3]

    @property
    def cpu_us(self) -> float:
        """CPU time of all the side's processes per answer, microseconds."""
        used = sum(result.server_cpu_s for result in self.results)
        answers = self.answered + sum(result.late for result in self.results)
        return used / answers * 1e6 if answers else 0.0

    @property
    def busy(self) -> float:
        """Share of its core the client used, the median round."""
        return statistics.median(result.busy for result in self.results) if self.results else 0.0


def measure(side: Side, connections: int, seconds: float) -> LoadResult:
    """One closed-loop round of a side, everybody else frozen."""
    with turn(side):
        return uvloop.run(_closed(side, connections, seconds))


def measure_open(side: Side, due_ns: Sequence[int]) -> LoadResult:
    """One open-loop round of a side, everybody else frozen."""
    with turn(side):
        return uvloop.run(_open(side, due_ns))


def play(plan: Sequence[Figures], rounds: int, seconds: float, tell: Callable[[str], None]) -> None:
    """Fill all figures, round by round; every other round backwards."""
    for number in range(rounds):
        for figures in plan if number % 2 == 0 else reversed(plan):
            tell(f"round {number + 1}: {figures.side.name} c={figures.connections}")
            figures.results.append(measure(figures.side, figures.connections, seconds))


async def _closed(side: Side, connections: int, seconds: float) -> LoadResult:
    await _settle(side)
    await run_load(side.target, side.stream, connections, WARM_SECONDS)
    used = cpu_seconds(side.pids)
    result = await run_load(side.target, side.stream, connections, seconds)
    result.server_cpu_s = cpu_seconds(side.pids) - used
    return result


async def _open(side: Side, due_ns: Sequence[int]) -> LoadResult:
    await _settle(side)
    await run_load(side.target, side.stream, 16, WARM_SECONDS)
    return await run_open_loop(side.target, side.stream, due_ns)


async def _settle(side: Side) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            if (await ask(side.target, side.requests[0])).status == 200:
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(RETRY_SECONDS)
