"""The publishes that are timed, steady and under each fault."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bentos.contract.documents import HEARTBEAT_SECONDS
from load_tests.propagation.plane import Plane
from load_tests.propagation.prober import Prober
from load_tests.propagation.wire import Wire

LATE_SECONDS = 10.0
# Probes run this long before a change, and publishes lie this far apart.
LEAD_SECONDS = (0.02, 0.06)
GAP_SECONDS = (0.02, 0.12)
# The second publish of an outage: before any gateway can have noticed that it is one. Its last
# heartbeat is at most one second old, and it waits for the next one half a second longer.
SECOND_SECONDS = (0.05, 0.35)
Change = Callable[[], Awaitable[list[int]]]
"""Commits revisions, one after another; when the clock of each began, in ns since the epoch."""


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
            await self.time(self._publish, found)
        return found

    async def kills(self, count: int) -> Latencies:
        """Kills of a model whose canary has most of the traffic; it gets it back in between."""

        async def kill() -> list[int]:
            return [await self._plane.kill()]

        found = Latencies()
        for _ in range(count):
            await self.time(kill, found)
            self._prober.start()
            revision = await self._plane.back_to_canary()
            await self._prober.all_above(revision - 1, LATE_SECONDS)
            self._prober.stop()
        return found

    async def dropped(self, count: int, wire: Wire) -> Latencies:
        """Every stream is reset while the change is under way."""

        async def change() -> list[int]:
            wire.drop()
            return await self._publish()

        found = Latencies()
        for _ in range(count):
            await self.time(change, found)
        return found

    async def half_open(self, count: int, wire: Wire) -> Latencies:
        """Every connection stays open and passes on nothing more from before the change. Two
        publishes an outage: one as it begins, and one that finds it."""

        async def change() -> list[int]:
            wire.swallow()
            first = await self._publish()
            await asyncio.sleep(self._random.uniform(*SECOND_SECONDS))
            return first + await self._publish()

        found = Latencies()
        while found.publishes < count:
            # Anywhere between two heartbeats.
            await asyncio.sleep(self._random.uniform(0, HEARTBEAT_SECONDS))
            await self.time(change, found)
            wire.drop_silent()
        return found

    async def restarts(self, count: int) -> Latencies:
        """Killed between commit and publication; the clock starts when it listens again. Two
        publishes a restart: the one that was committed, and one as soon as it can be asked,
        while gateways are still on their way back; its clock starts at its commit."""
        found = Latencies()
        await self._start("publish.compiled")
        while found.publishes < count:
            await self.time(self._change_and_restart, found)
        await self._start("")
        return found

    async def _start(self, crash_at: str) -> None:
        await asyncio.to_thread(self._plane.stop)
        await self._plane.forget_connection()
        # The console takes half a second to load, before anything listens.
        settings = {"SIGNALBOX_CRASH_AT": crash_at, "SIGNALBOX_CONSOLE": "false"}
        await asyncio.to_thread(self._plane.start, **(settings if crash_at else {}))
        await self._plane.look()

    async def _change_and_restart(self) -> list[int]:
        plane = self._plane
        # Nothing is published until it listens again, and starting takes a second of a core.
        self._prober.stop()
        # It may die before it answers; that it committed is where it dies.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await plane.publish()
        await asyncio.to_thread(plane.process.ended)
        await plane.forget_connection()
        # It dies at its third publication: after what was left, and the one below.
        crash_at = "publish.compiled@3"
        listens_ns = await asyncio.to_thread(
            plane.start_again, SIGNALBOX_CRASH_AT=crash_at, SIGNALBOX_CONSOLE="false"
        )
        self._prober.start()
        await plane.look()
        return [listens_ns, await plane.publish()]

    async def _publish(self) -> list[int]:
        return [await self._plane.publish()]

    async def time(self, change: Change, found: Latencies) -> None:
        """Make one change and add what each worker took to obey it."""
        prober = self._prober
        for probe in prober.probes:
            probe.forget()
        await asyncio.sleep(self._random.uniform(*GAP_SECONDS))
        before = prober.revision
        prober.start()
        await asyncio.sleep(self._random.uniform(*LEAD_SECONDS))
        clocks = await change()
        for number, clock_ns in enumerate(clocks):
            found.publishes += 1
            try:
                moments = await prober.all_above(before + number, LATE_SECONDS)
            except TimeoutError:
                found.late += 1
            else:
                found.values += [(moment - clock_ns) / 1e6 for moment in moments]
        prober.stop()
