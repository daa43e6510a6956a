"""An open-loop load generator: requests leave when the schedule says, whatever the server does.

Latency counts from the instant a request was *due*: a server that stalls is charged for every
request that had to wait meanwhile (a closed loop would just send fewer: coordinated omission).
"""

import asyncio
import gc
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence

from load_tests.http_answer import STATUS
from load_tests.http_connection import Connection, Target
from load_tests.http_load import DRAIN_SECONDS, OK, SHED, drain, open_all
from load_tests.load_result import LoadResult, Tally

CONNECTIONS = 128


def arrivals_ns(rate: float, seconds: float, seed: int) -> list[int]:
    """When requests are due, in ns from the start: a Poisson process of ``rate`` per second.

    The same seed gives the same instants, so that two servers meet the same bursts.
    """
    drawn = random.Random(seed)
    due, instants = 0.0, []
    while (due := due + drawn.expovariate(rate)) < seconds:
        instants.append(int(due * 1e9))
    return instants


async def run_open_loop(
    target: Target,
    requests: Iterator[bytes],
    due_ns: Sequence[int],
    connections: int = CONNECTIONS,
) -> LoadResult:
    """Send one request at each of ``due_ns``; never raises for a bad answer.

    A request that finds every connection taken waits for one, on its own clock. ``seconds`` of
    the result run from the start to the last answer.
    """
    round_ = _Schedule(requests, due_ns)
    clients = await open_all(target, connections, round_.answered, round_.lost)
    gc.collect()
    gc.disable()
    await round_.run(clients)
    gc.enable()
    tally = round_.tally
    await drain(clients, tally)
    unanswered = len(due_ns) - len(tally.latencies_ns) - tally.shed - tally.failed
    if unanswered > 0:
        tally.fail(f"{unanswered} requests never left: every connection was taken or broken")
        tally.failed += unanswered - 1
    return LoadResult(
        connections,
        max(round_.elapsed_s, 1e-9),
        sorted(tally.latencies_ns),
        tally.failed,
        tally.failures,
        tally.shed,
    )


class _Schedule:
    """The requests of one round, due one after another."""

    def __init__(self, requests: Iterator[bytes], due_ns: Sequence[int]) -> None:
        self.tally = Tally()
        self.elapsed_s = 0.0
        self._requests = requests
        self._due_ns = due_ns
        self._next = 0
        self._open = len(due_ns)
        self._free: list[Connection] = []
        self._waiting: deque[int] = deque()
        self._started_ns = 0
        self._done = asyncio.Event()

    async def run(self, clients: list[Connection]) -> None:
        """Send everything; returns when all is answered, or DRAIN_SECONDS after the last."""
        self._free = list(clients)
        self._started_ns = time.perf_counter_ns()
        if not self._open:
            return
        self._tick()
        last_s = self._due_ns[-1] / 1e9
        try:
            async with asyncio.timeout(last_s + DRAIN_SECONDS):
                await self._done.wait()
        except TimeoutError:
            # What is missing is counted as failed by whoever asked for the round.
            self._next = len(self._due_ns)
        self.elapsed_s = (time.perf_counter_ns() - self._started_ns) / 1e9

    def _tick(self) -> None:
        """Send what is due. Runs on every turn of the loop, as timers are too coarse (1 ms)."""
        now = time.perf_counter_ns() - self._started_ns
        due_ns, number = self._due_ns, self._next
        while number < len(due_ns) and due_ns[number] <= now:
            self._waiting.append(due_ns[number])
            number += 1
        self._next = number
        while self._free and self._waiting:
            client = self._free.pop()
            if client.transport is not None:
                self._send(client)
        if number < len(due_ns):
            asyncio.get_running_loop().call_soon(self._tick)

    def _send(self, client: Connection) -> None:
        client.sent_ns = self._started_ns + self._waiting.popleft()
        client.send(next(self._requests))

    def answered(self, client: Connection, answer: bytes) -> None:
        """Count an answer; its connection takes what waits."""
        status = answer[STATUS]
        if status == OK:
            self.tally.latencies_ns.append(time.perf_counter_ns() - client.sent_ns)
        elif status in SHED:
            self.tally.shed += 1
        else:
            self.tally.fail(answer[:200].decode("latin-1"))
        self._close_one()
        if client.transport is None:
            return
        if self._waiting:
            self._send(client)
        else:
            self._free.append(client)

    def lost(self, _: Connection, what: str) -> None:
        """Count a connection that broke with a request in flight; it is not replaced."""
        self.tally.fail(what)
        self._close_one()

    def _close_one(self) -> None:
        self._open -= 1
        if not self._open:
            self._done.set()
