"""A closed-loop HTTP/1.1 load generator: pre-rendered requests over keep-alive connections.

One event loop drives every connection; each sends its next request when the answer to the last
one is whole. Raw protocols and uvloop keep it ahead of any server it measures here: how busy its
own core was is part of every result.
"""

import asyncio
import gc
import random
import time
from collections.abc import Iterator, Sequence

from load_tests.http_answer import STATUS, AnswerShape, parse_answer
from load_tests.http_connection import Connection, OnAnswer, OnLost, Target
from load_tests.load_result import LoadResult, Tally

CONNECT_SECONDS = 10.0
DRAIN_SECONDS = 10.0
DRAIN_POLL_SECONDS = 0.01
OK = b"200"
# Too many requests, overloaded: the server's way to say "not now".
SHED = (b"429", b"503")
# A shed client comes back when the answer says so, and not all of them in the same instant.
SPREAD = 0.5


async def run_load(
    target: Target, requests: Iterator[bytes], connections: int, seconds: float
) -> LoadResult:
    """Send requests over ``connections`` for ``seconds``; never raises for a bad answer.

    ``requests`` has no end. A connection that breaks stays broken for the round and counts as a
    failure. One that is shed sends again after the answer's Retry-After.
    """
    round_ = _Round(requests)
    clients = await open_all(target, connections, round_.answered, round_.lost)
    # A collection in the middle of a round would be measured as the server's.
    gc.collect()
    gc.disable()
    started, used = time.perf_counter(), time.process_time()
    for client in clients:
        round_.send(client)
    await asyncio.sleep(seconds)
    round_.running = False
    elapsed = time.perf_counter() - started
    used = time.process_time() - used
    gc.enable()
    counted = sorted(round_.tally.latencies_ns)
    await drain(clients, round_.tally)
    tally = round_.tally
    return LoadResult(
        connections,
        elapsed,
        counted,
        tally.failed,
        tally.failures,
        tally.shed,
        used / elapsed,
        late=len(tally.latencies_ns) - len(counted),
    )


class _Round:
    """What the connections of one round share."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.running = True
        self.tally = Tally()
        self._requests = requests
        self._random = random.Random(0)

    def send(self, client: Connection) -> None:
        """Send the next request of the round."""
        if self.running and client.transport is not None:
            client.sent_ns = time.perf_counter_ns()
            client.send(next(self._requests))

    def answered(self, client: Connection, answer: bytes) -> None:
        """Count an answer and send the next request."""
        status = answer[STATUS]
        if status == OK:
            self.tally.latencies_ns.append(time.perf_counter_ns() - client.sent_ns)
        elif status in SHED:
            self.tally.shed += 1
            loop = asyncio.get_running_loop()
            loop.call_later(self._pause_s(answer), self.send, client)
            return
        else:
            self.tally.fail(answer[:200].decode("latin-1"))
        self.send(client)

    def lost(self, _: Connection, what: str) -> None:
        """Count a connection that broke with a request in flight."""
        self.tally.fail(what)

    def _pause_s(self, answer: bytes) -> float:
        seconds = float(parse_answer(answer).headers.get("retry-after", 0))
        return seconds * (1 + SPREAD * self._random.random())


async def open_all(
    target: Target, connections: int, answered: OnAnswer, lost: OnLost
) -> list[Connection]:
    """Open that many connections; raises OSError or TimeoutError."""
    shape = AnswerShape()
    clients = [Connection(shape, answered, lost) for _ in range(connections)]
    async with asyncio.timeout(CONNECT_SECONDS):
        for client in clients:
            await client.open(target)
    return clients


async def drain(clients: Sequence[Connection], tally: Tally) -> None:
    """Let what is in flight come back, then close; what does not come back has failed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DRAIN_SECONDS
    # Answers end a request in many places; looking is simpler than being told by each.
    while any(client.in_flight for client in clients) and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(DRAIN_POLL_SECONDS)
    for client in clients:
        if client.in_flight:
            tally.fail(f"no answer within {DRAIN_SECONDS:g} s after the round")
        client.close()
