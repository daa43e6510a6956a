import asyncio
import itertools

import pytest

from load_tests.http_connection import Target, render_request
from load_tests.open_loop import arrivals_ns, run_open_loop

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
SHED = b"HTTP/1.1 503 X\r\ncontent-length: 2\r\n\r\n{}"
STALL_S = 0.3


class Server(asyncio.Protocol):
    """Answers at once, except that its first answer, and all that come meanwhile, are late."""

    def __init__(self, stall_s, reply):
        self.stall_s = stall_s
        self.reply = reply

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        loop = asyncio.get_running_loop()
        if self.stall_s:
            loop.call_later(self.stall_s, self.transport.write, self.reply)
            self.stall_s = 0
        else:
            self.transport.write(self.reply)


async def load(tmp_path, due_ns, connections, stall_s=0.0, reply=OK):
    path = str(tmp_path / "s.sock")
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Server(stall_s, reply), path)
    requests = itertools.repeat(render_request("/p", b"{}"))
    async with server:
        result = await run_open_loop(Target(path=path), requests, due_ns, connections)
        # The server's ends learn that they are closed.
        await asyncio.sleep(0.01)
    return result


def test_arrivals_come_at_the_rate_and_in_order():
    instants = arrivals_ns(1000, 10, seed=1)
    assert len(instants) == pytest.approx(10_000, rel=0.1)
    assert instants == sorted(instants)
    assert instants[-1] < 10e9


def test_the_same_seed_gives_the_same_arrivals():
    assert arrivals_ns(100, 1, seed=3) == arrivals_ns(100, 1, seed=3)
    assert arrivals_ns(100, 1, seed=3) != arrivals_ns(100, 1, seed=4)


async def test_every_request_is_sent_and_counted(tmp_path):
    result = await load(tmp_path, arrivals_ns(500, 0.2, seed=0), connections=8)
    assert len(result.latencies_ns) == len(arrivals_ns(500, 0.2, seed=0))
    assert (result.failed, result.shed) == (0, 0)


async def test_requests_that_wait_for_a_stalled_server_are_charged_from_when_they_were_due(
    tmp_path,
):
    """Ten requests due within 50 ms, one connection, and the first answer takes 300: a closed
    loop would report one slow answer, here all are."""
    due_ns = [number * 5_000_000 for number in range(10)]
    result = await load(tmp_path, due_ns, connections=1, stall_s=STALL_S)
    assert len(result.latencies_ns) == 10
    assert min(result.latencies_ns) >= (STALL_S - 0.05) * 1e9


async def test_shed_requests_are_counted_apart(tmp_path):
    result = await load(tmp_path, [0, 1000, 2000], connections=2, reply=SHED)
    assert (result.shed, result.failed, result.latencies_ns) == (3, 0, [])


async def test_an_empty_schedule_gives_an_empty_result(tmp_path):
    result = await load(tmp_path, [], connections=1)
    assert (result.latencies_ns, result.failed) == ([], 0)


async def test_requests_whose_connections_broke_have_failed(tmp_path):
    path = str(tmp_path / "s.sock")
    loop = asyncio.get_running_loop()

    class Closing(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport

        def data_received(self, data):
            self.transport.abort()

    server = await loop.create_unix_server(Closing, path)
    requests = itertools.repeat(render_request("/p", b"{}"))
    async with server:
        result = await run_open_loop(Target(path=path), requests, [0, 0], connections=2)
        await asyncio.sleep(0.01)
    assert (result.failed, result.latencies_ns) == (2, [])
