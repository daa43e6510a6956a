"""The stream on real sockets, to subscribers that do not behave."""

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import uvicorn

from bentos.contract.documents import DocumentName, Revision
from control_plane import listener
from control_plane.publish.feed import Feed
from control_plane.publish.stream import DocumentStream
from tests.control_plane.publish.test_feed import document

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
LARGE = 60_000


class Origin:
    """A feed behind uvicorn, on the control plane's own listening socket."""

    def __init__(self):
        self.feed = Feed()
        self.good = True
        self.number = 0
        self.port = 0

    async def __call__(self, scope, receive, send):
        assert scope["type"] == "http"
        await DocumentStream(self.feed, Revision(0, 0), self.still_good)(scope, receive, send)

    async def still_good(self):
        return self.good

    def publish(self, size=100):
        self.number += 1
        body = b"%06d" % self.number + b"x" * (size - 6)
        self.feed.update({DocumentName.ROUTES: document(DocumentName.ROUTES, self.number, body)})


@asynccontextmanager
async def running():
    origin = Origin()
    sock = listener.bind("127.0.0.1", 0)
    sock.listen(listener.BACKLOG)
    origin.port = sock.getsockname()[1]
    config = uvicorn.Config(origin, http="httptools", log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield origin
    finally:
        origin.feed.close()
        server.should_exit = True
        await serving


@asynccontextmanager
async def stream(origin, sock=None):
    """A subscriber that behaves; ``sock`` has asked already."""
    where = {"sock": sock} if sock else {"host": "127.0.0.1", "port": origin.port}
    reader, writer = await asyncio.open_connection(limit=2**20, **where)
    if sock is None:
        writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def silent_subscriber(origin):
    """Asks, and never reads; its window is small."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", origin.port))
    sock.sendall(REQUEST)
    return sock


async def test_changes_arrive_and_between_them_heartbeats():
    async with running() as origin:
        async with stream(origin) as (reader, _):
            assert b"event: heartbeat" in await reader.readuntil(b"{}\n\n")
            origin.publish()
            assert b"id: 1.1\n" in await reader.readuntil(b"}\n\n")
            assert b"event: heartbeat" in await reader.readuntil(b"{}\n\n")
        await until(lambda: origin.feed.subscribers == 0)


async def test_one_that_never_reads_holds_nobody_back_and_is_dropped(monkeypatch):
    monkeypatch.setattr(listener, "UNACKNOWLEDGED_MS", 1000)
    async with running() as origin:
        silent = silent_subscriber(origin)
        async with stream(origin) as (reader, _):
            await until(lambda: origin.feed.subscribers == 2)
            for number in range(1, 60):
                origin.publish(LARGE)
                await reader.readuntil(b"id: 1.%d\n" % number)
            # Megabytes were published; what waits for it is bounded, and ends with it.
            await until(lambda: origin.feed.subscribers == 1)
        silent.close()


async def test_one_that_reads_late_gets_the_newest_and_not_all_in_between():
    async with running() as origin:
        slow = silent_subscriber(origin)
        await until(lambda: origin.feed.subscribers == 1)
        for _ in range(100):
            origin.publish(LARGE)
            await asyncio.sleep(0)
        slow.setblocking(False)
        async with stream(origin, slow) as (reader, _):
            got = 0
            while b"id: 1.100\n" not in (line := await reader.readline()):
                got += len(line)
        assert got < 50 * LARGE


async def test_a_key_that_is_good_no_longer_ends_the_stream(monkeypatch):
    monkeypatch.setattr("control_plane.publish.stream.HEARTBEAT_SECONDS", 0.01)
    async with running() as origin, stream(origin) as (reader, _):
        origin.good = False
        assert await reader.readuntil(b"\r\n0\r\n\r\n")


async def test_closing_the_feed_ends_every_stream():
    async with running() as origin, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(stream(origin)) for _ in range(20)]
        origin.feed.close()
        for reader, _ in streams:
            assert await reader.readuntil(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("leaves", ["abort", "close"])
async def test_one_that_goes_is_forgotten(leaves):
    async with running() as origin, stream(origin) as (_, writer):
        await until(lambda: origin.feed.subscribers == 1)
        getattr(writer.transport, leaves)()
        await until(lambda: origin.feed.subscribers == 0)
