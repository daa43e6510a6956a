"""The publishes that are timed, steady and under each fault."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from load_tests.propagation.plane import Plane
from load_tests.propagation.prober import Prober
from load_tests.propagation.wire import Wire

LATE_SECONDS = 10.0
# Probes run this long before a change, and publishes lie this far apart.
LEAD_SECONDS = (0.02, 0.06)
GAP_SECONDS = (0.02, 0.12)
Change = Callable[[], Awaitable[int]]
"""Commits something; when, in ns since the epoch."""


@dataclass
class Latencies:
    """Commit to first decision in ms, one for every publish and worker."""

    values: list[float] = field(default_factory=list)
    publishes: int = 0
    late: int = 0

    def quantile(self, share: float) -> float:
        """The value a ``share`` of all lies at or below."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Trials:
    """Publishes one after another; ``seed`` fixes the pauses."""

    def __init__(self, plane: Plane, prober: Prober, seed: int = 1) -> None:
        self._plane = plane
        self._prober = prober
        self._random = random.Random(seed)

    async def steady(self, count: int) -> Latencies:
        """Nothing is wrong."""
        found = Latencies()
        for _ in range(count):
            await self.time(self._plane.publish, found)
        return found

    async def kills(self, count: int) -> Latencies:
        """Kills of a model whose canary has most of the traffic; it gets it back in between."""
        found = Latencies()
        for _ in range(count):
            await self.time(self._plane.kill, found)
            self._prober.start()
            revision = await self._plane.back_to_canary()
            await self._prober.all_above(revision - 1, LATE_SECONDS)
            self._prober.stop()
        return found

    async def dropped(self, count: int, wire: Wire) -> Latencies:
        """Every stream is reset while the change is under way."""

        async def change() -> int:
            wire.drop()
            return await self._plane.publish()

        found = Latencies()
        for _ in range(count):
            await self.time(change, found)
        return found

    async def half_open(self, count: int, wire: Wire) -> Latencies:
        """Every connection stays open and passes on nothing more from before the change."""

        async def change() -> int:
            wire.swallow()
            return await self._plane.publish()

        found = Latencies()
        for _ in range(count):
            await self.time(change, found)
            wire.drop()
            await asyncio.sleep(0.5)
        return found

    async def restarts(self, count: int) -> Latencies:
        """Killed between commit and publication; the clock starts when it listens again."""
        found = Latencies()
        for _ in range(count):
            await self.time(self._change_and_restart, found)
        return found

    async def _change_and_restart(self) -> int:
        plane = self._plane
        # Nothing is published until the restart, and starting twice takes seconds of two cores.
        self._prober.stop()
        await asyncio.to_thread(plane.stop)
        await plane.forget_connection()
        await asyncio.to_thread(plane.start, SIGNALBOX_CRASH_AT="publish.compiled")
        # It may die before it answers; that it committed is where it dies.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await plane.publish()
        await asyncio.to_thread(plane.process.ended)
        await plane.forget_connection()
        self._prober.start()
        listens_ns = await asyncio.to_thread(plane.start_again)
        await plane.look()
        return listens_ns

    async def time(self, change: Change, found: Latencies) -> None:
        """Make one change and add what each worker took to obey it."""
        prober = self._prober
        for probe in prober.probes:
            probe.forget()
        await asyncio.sleep(self._random.uniform(*GAP_SECONDS))
        before = prober.revision
        prober.start()
        await asyncio.sleep(self._random.uniform(*LEAD_SECONDS))
        try:
            committed_ns = await change()
            moments = await prober.all_above(before, LATE_SECONDS)
        except TimeoutError:
            found.late += 1
        else:
            found.values += [(moment - committed_ns) / 1e6 for moment in moments]
        found.publishes += 1
        prober.stop()
