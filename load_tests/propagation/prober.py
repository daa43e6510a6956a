"""Asks every gateway worker a thousand times a second which revision it decides by.

One process, two connections a worker, at most one question in flight on each: an answer that takes
longer than the time between two questions does not hold up the next one. A worker that is
slower still is asked less often, and the report says how often each was.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from load_tests.http_answer import STATUS, AnswerShape
from load_tests.http_connection import Connection, Target, render_request
from load_tests.installation.model import MODEL
from load_tests.installation.process import NotReachedError

PERIOD_SECONDS = 0.001
# How far behind its schedule a worker's next question may be: hiccups are caught up with.
BEHIND_SECONDS = 4 * PERIOD_SECONDS
CONNECTIONS = 2
OK = b"200"
REVISION = b"x-signalbox-revision: "
OPEN_SECONDS = 60.0


class Probe:
    """One worker's connections. ``revision`` is the highest number it ever decided by."""

    def __init__(self, port: int, request: bytes, answered: Callable[[], None]) -> None:
        self.port = port
        self.revision = 0
        self.answers = 0
        self.failures: list[str] = []
        self.changed = asyncio.Event()
        self._seen_ns: dict[int, int] = {}
        self._request = request
        self._said = b"\0"
        self._due = 0.0
        self._tell = answered
        self._connections = [self._new() for _ in range(CONNECTIONS)]

    async def open(self) -> None:
        """Connect and get first answers; NotReachedError."""
        until = time.monotonic() + OPEN_SECONDS
        while self.revision == 0:
            if time.monotonic() > until:
                raise NotReachedError(f"port {self.port} answered no probe: {self.failures[-1:]}")
            try:
                await self._connect()
                if not self._connections[0].in_flight:
                    self._connections[0].send(self._request)
            except OSError as error:
                self.failures.append(str(error))
            await asyncio.sleep(0.05)
        self.failures.clear()

    async def _connect(self) -> None:
        for number, connection in enumerate(self._connections):
            if connection.transport is None:
                self._connections[number] = self._new()
                await self._connections[number].open(Target(port=self.port))

    def schedule(self, due: float) -> None:
        """Ask from then on, in time.monotonic."""
        self._due = due

    def ask(self, now: float) -> None:
        """Send the question that is due, unless every connection has one in flight."""
        if now < self._due:
            return
        for connection in self._connections:
            if not connection.in_flight:
                connection.send(self._request)
                self._due = max(self._due + PERIOD_SECONDS, now - BEHIND_SECONDS)
                return

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections:
            connection.close()

    def first_above(self, revision: int) -> int | None:
        """When the first decision by a later revision than this one came, in ns."""
        moments = [at for number, at in self._seen_ns.items() if number > revision]
        return min(moments, default=None)

    def forget(self) -> None:
        """Drop the moments of earlier publishes."""
        self._seen_ns.clear()

    def _new(self) -> Connection:
        return Connection(AnswerShape(), self._answered, self._lost)

    def _answered(self, _: Connection, answer: bytes) -> None:
        self.answers += 1
        if not (self._said in answer and answer[STATUS] == OK):
            self._read(answer, time.time_ns())
        self._tell()

    def _read(self, answer: bytes, now: int) -> None:
        if answer[STATUS] != OK:
            self.failures.append(answer[-240:].decode("latin-1"))
            return
        start = answer.find(REVISION)
        self._said = answer[start : answer.find(b"\r\n", start) + 2]
        number = int(self._said[len(REVISION) :].rpartition(b".")[2])
        self._seen_ns.setdefault(number, now)
        self.revision = max(self.revision, number)
        self.changed.set()

    def _lost(self, _: Connection, what: str) -> None:
        self.failures.append(what)


@dataclass
class Effort:
    """What probing took: ``seconds`` of it, its own CPU time, and the answers it got."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    answers: int = 0
    per_worker: list[int] = field(default_factory=list)


class Prober:
    """All probes. Asks only between ``start`` and ``stop``."""

    def __init__(self, ports: list[int], key: str) -> None:
        body = {"targeting_key": "probe", "instances": [{"a": 1.0, "b": 2.0, "c": 3.0}]}
        request = render_request(
            f"/v1/models/{MODEL}:predict",
            json.dumps(body).encode(),
            {"authorization": f"Bearer {key}"},
        )
        self.probes = [Probe(port, request, self._ask) for port in ports]
        self.effort = Effort(per_worker=[0] * len(ports))
        self._asking = False
        self._timer: asyncio.TimerHandle | None = None
        self._began = (0.0, 0.0, [0])

    async def open(self) -> None:
        """Connect to all."""
        await asyncio.gather(*(probe.open() for probe in self.probes))

    def close(self) -> None:
        """Hang up."""
        self._asking = False
        for probe in self.probes:
            probe.close()

    @property
    def revision(self) -> int:
        """The highest number any worker decided by."""
        return max(probe.revision for probe in self.probes)

    def start(self) -> None:
        """Begin asking."""
        self._asking = True
        now = time.monotonic()
        for number, probe in enumerate(self.probes):
            # Not all at the same moment: they share the cores.
            probe.schedule(now + number * PERIOD_SECONDS / len(self.probes))
        counts = [probe.answers for probe in self.probes]
        self._began = (time.monotonic(), time.process_time(), counts)
        self._tick()

    def stop(self) -> None:
        """Ask no more, and count what it took."""
        self._asking = False
        if self._timer is not None:
            self._timer.cancel()
        seconds, cpu_seconds, counts = self._began
        self.effort.seconds += time.monotonic() - seconds
        self.effort.cpu_seconds += time.process_time() - cpu_seconds
        for number, probe in enumerate(self.probes):
            asked = probe.answers - counts[number]
            self.effort.answers += asked
            self.effort.per_worker[number] += asked

    async def all_above(self, revision: int, seconds: float) -> list[int]:
        """When each worker's first decision by a later revision came; TimeoutError."""
        moments = []
        async with asyncio.timeout(seconds):
            for probe in self.probes:
                while (moment := probe.first_above(revision)) is None:
                    probe.changed.clear()
                    await probe.changed.wait()
                moments.append(moment)
        return moments

    def failures(self) -> list[str]:
        """Probes that were not answered well."""
        return [text for probe in self.probes for text in probe.failures]

    def _tick(self) -> None:
        if not self._asking:
            return
        self._ask()
        self._timer = asyncio.get_running_loop().call_later(PERIOD_SECONDS, self._tick)

    def _ask(self) -> None:
        """Whatever is due. Every answer is an occasion, since timers come late by up to 1 ms."""
        if self._asking:
            now = time.monotonic()
            for probe in self.probes:
                probe.ask(now)
