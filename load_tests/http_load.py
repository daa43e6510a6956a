"""A closed-loop HTTP/1.1 load generator: pre-rendered requests over keep-alive connections.

One event loop drives every connection; each sends its next request when the answer to the last
one is whole. Raw protocols and uvloop keep it well ahead of any server it measures here (the
echo row of the report says by how much).
"""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

HEAD_END = b"\r\n\r\n"
# With its line break: inference-header-content-length ends alike.
LENGTH = b"\r\ncontent-length:"
CONNECT_SECONDS = 10.0
DRAIN_SECONDS = 10.0
SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Target:
    """Where the requests go: ``host`` and ``port``, or the Unix socket ``path``."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str | None = None


@dataclass
class LoadResult:
    """One round. ``latencies_ns`` are sorted; ``failures`` says what went wrong, a few times."""

    connections: int
    seconds: float
    latencies_ns: list[int]
    failed: int = 0
    failures: list[str] = field(default_factory=list)

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


def render_request(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """The bytes of one POST request with a JSON body."""
    lines = [
        f"POST {path} HTTP/1.1",
        "host: localhost",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + HEAD_END + body


async def run_load(
    target: Target, requests: Sequence[bytes], connections: int, seconds: float
) -> LoadResult:
    """Send requests in turn over ``connections`` for ``seconds``; never raises for a bad answer.

    A connection that breaks stays broken for the round and counts as a failure.
    """
    loop = asyncio.get_running_loop()
    round_ = _Round(itertools.cycle(requests))
    clients = [_Client(round_) for _ in range(connections)]
    async with asyncio.timeout(CONNECT_SECONDS):
        for client in clients:
            await _connect(loop, client, target)
    started = time.perf_counter()
    round_.running = True
    for client in clients:
        client.send()
    await asyncio.sleep(seconds)
    round_.running = False
    elapsed = time.perf_counter() - started
    answered = len(round_.latencies_ns)
    await _drain(clients, round_)
    return LoadResult(
        connections, elapsed, sorted(round_.latencies_ns[:answered]), round_.failed, round_.failures
    )


class _Round:
    """What the connections of one round share."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.running = False
        self.latencies_ns: list[int] = []
        self.failed = 0
        self.failures: list[str] = []

    def fail(self, what: str) -> None:
        self.failed += 1
        if len(self.failures) < SHOWN_FAILURES:
            self.failures.append(what)


class _Client(asyncio.Protocol):
    """One connection with at most one request in flight."""

    def __init__(self, round_: _Round) -> None:
        self.transport: asyncio.Transport | None = None
        self.idle = asyncio.Event()
        self._round = round_
        self._buffer = b""
        self._sent_ns = 0

    def send(self) -> None:
        """Send the next request of the round."""
        if self.transport is None:
            return
        self.idle.clear()
        self._sent_ns = time.perf_counter_ns()
        self.transport.write(next(self._round.requests))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once connected."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with bytes of the answer; the last ones complete it."""
        buffer = self._buffer + data if self._buffer else data
        size = answer_size(buffer)
        if size is None or len(buffer) < size:
            self._buffer = buffer
            return
        self._buffer = b""
        if buffer[9:12] == b"200" and len(buffer) == size:
            self._round.latencies_ns.append(time.perf_counter_ns() - self._sent_ns)
        else:
            self._round.fail(buffer[:200].decode("latin-1"))
        if self._round.running:
            self.send()
        else:
            self.idle.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio when the connection is gone."""
        if self.transport is not None and not self.idle.is_set():
            self._round.fail(f"connection lost: {exc}")
        self.transport = None
        self.idle.set()


def answer_size(buffer: bytes) -> int | None:
    """Bytes of the answer at the buffer's start, None while its head is incomplete.

    Raises ValueError for an answer without content-length: none of the servers here chunk.
    """
    head_end = buffer.find(HEAD_END)
    if head_end < 0:
        return None
    start = buffer.find(LENGTH, 0, head_end)
    if start < 0:
        start = buffer[:head_end].lower().find(LENGTH)
        if start < 0:
            raise ValueError(f"no content-length in {buffer[:head_end]!r}")
    start += len(LENGTH)
    end = buffer.find(b"\r\n", start)
    return head_end + len(HEAD_END) + int(buffer[start:end])


async def _connect(loop: asyncio.AbstractEventLoop, client: _Client, target: Target) -> None:
    if target.path is not None:
        await loop.create_unix_connection(lambda: client, target.path)
    else:
        await loop.create_connection(lambda: client, target.host, target.port)


async def _drain(clients: list[_Client], round_: _Round) -> None:
    """Let what is in flight come back; what does not has failed."""
    waits = [asyncio.create_task(client.idle.wait()) for client in clients]
    _, late = await asyncio.wait(waits, timeout=DRAIN_SECONDS)
    for task in late:
        task.cancel()
        round_.fail(f"no answer within {DRAIN_SECONDS:g} s after the round")
    for client in clients:
        client.idle.set()
        if client.transport is not None:
            client.transport.close()
