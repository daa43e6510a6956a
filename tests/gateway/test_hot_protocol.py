"""Calls whole, in pieces, pipelined, cut off: the answer is the same whichever way it took."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from time import monotonic

import pytest
import uvicorn

from bentos.contract.segment import DecisionFrame, read_frames
from gateway.admission import INTERVAL_S
from gateway.hot_protocol import MAX_HELD_BYTES, HotProtocol
from tests.gateway.installation import SECRET, STABLE, frames, route
from tests.gateway.lanes import until

BODY = json.dumps({"targeting_key": "k", "instances": [{"amount": 10.0}]}).encode()
PATH = "/v1/models/fraud:predict"
PATIENT_MS = 20_000


def request(body=BODY, path=PATH, method="POST", headers=(), length=None):
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer sbx_aaaaaaaaaaaa_{SECRET}",
        f"X-Request-Timeout-Ms: {PATIENT_MS}",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


@pytest.fixture
async def server(gateway, versions, tmp_path):
    """A listening gateway; uvicorn's own way counts the requests that took it."""
    gateway.publish_all({STABLE: versions.start()}, route())
    await gateway.connected()
    taken = []

    async def app(scope, receive, send):
        taken.append(scope["path"])
        await gateway.app(scope, receive, send)

    config = uvicorn.Config(
        app,
        interface="asgi3",
        loop="none",
        lifespan="off",
        http=HotProtocol.for_app(gateway.app),
        uds=str(tmp_path / "g.sock"),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        ws="none",
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    server.taken, server.path, server.gateway, server.task = taken, config.uds, gateway, task
    yield server
    server.should_exit = True
    await task


async def read_answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    return head, json.loads(await reader.readexactly(length))


@asynccontextmanager
async def connection(server):
    """A reader and a writer; closed whatever happens, so that one failure stays one."""
    reader, writer = await asyncio.open_unix_connection(server.path)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def exchange(server, *pieces, answers=1):
    async with connection(server) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            # Rounds of the loop, so that the server has read it, however long one takes.
            for _ in range(20):
                await asyncio.sleep(0.001)
        return [await read_answer(reader) for _ in range(answers)]


async def test_a_whole_call_takes_the_short_way_and_is_answered_alike(server):
    ((short, body),) = await exchange(server, request())
    assert server.taken == []
    whole = request()
    ((long, other),) = await exchange(server, whole[:30], whole[30:])
    assert server.taken == [PATH]
    assert body["predictions"] == other["predictions"]
    assert sorted(line.split(b":")[0] for line in short.split(b"\r\n")) == sorted(
        line.split(b":")[0] for line in long.split(b"\r\n")
    )


async def test_errors_are_the_same_on_both_ways(server):
    bad = request(body=b'{"instances": [{"amount": -1}]}')
    ((short, body),) = await exchange(server, bad)
    ((long, other),) = await exchange(server, bad[:20], bad[20:])
    assert short.split(b"\r\n")[0] == long.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
    assert body == other


async def test_pipelined_calls_are_answered_in_order(server):
    keys = [f"key-{number}" for number in range(6)]
    calls = [request(BODY.replace(b'"k"', json.dumps(key).encode())) for key in keys]
    found = await exchange(server, b"".join(calls[:3]), *calls[3:], answers=6)
    assert len({body["decision_id"] for _, body in found}) == 6
    written = [frame.decision.decision_id for frame in server_frames(server)]
    assert [body["decision_id"] for _, body in found] == written


async def test_what_comes_before_the_answer_waits_for_it(server):
    async with connection(server) as (reader, writer):
        # Two writes without waiting: the second arrives while the first is being answered.
        writer.write(request())
        await asyncio.sleep(0)
        writer.write(request())
        first, second = await read_answer(reader), await read_answer(reader)
    answered = [body["decision_id"] for _, body in (first, second)]
    decided = [frame.decision.decision_id for frame in frames(server.gateway, DecisionFrame)]
    assert answered == decided


async def test_bodies_larger_than_what_is_held_are_answered_in_order(server):
    rows = [{"amount": 10.0, "note": "x" * 1000}] * 150
    large = json.dumps({"targeting_key": "k", "instances": rows}).encode()
    assert len(large) > 2 * MAX_HELD_BYTES
    found = await exchange(server, request() + request(large) * 3 + request(), answers=5)
    assert [len(body["predictions"]) for _, body in found] == [1, 150, 150, 150, 1]


async def test_a_call_that_is_not_let_in_is_told_so_and_its_connection_goes_on(server):
    overload = server.gateway.serving.overload
    overload.follow({"fraud": 1})
    with overload.taken("fraud"):
        overload._models["fraud"]._calm_at -= INTERVAL_S
        async with connection(server) as (reader, writer):
            writer.write(request(headers=("Origin: https://a.example",)))
            head, body = await read_answer(reader)
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: " in head
            assert "overloaded" in body["error"]
            overload._models["fraud"].leaves(monotonic())
            writer.write(request())
            head, _ = await read_answer(reader)
            assert head.startswith(b"HTTP/1.1 200 ")
            overload._models["fraud"].enters(monotonic())
    assert server.taken == []
    assert server.gateway.serving.log.written == 1
    assert overload._models["fraud"].calls == 0


async def test_a_call_without_a_key_meets_no_overload_and_its_connection_goes_on(server):
    overload = server.gateway.serving.overload
    overload.follow({"fraud": 1})
    with overload.taken("fraud"):
        overload._models["fraud"]._calm_at -= INTERVAL_S
        async with connection(server) as (reader, writer):
            for _ in range(2):
                writer.write(request().replace(b"Authorization", b"X-Other"))
                head, body = await read_answer(reader)
                assert head.startswith(b"HTTP/1.1 401 ")
                assert body["error"].startswith("authorization: ")
    assert server.taken == []
    assert overload._models["fraud"].refused == 0


async def test_nothing_is_unpacked_for_whoever_may_not_call(server):
    call = request(b"no gzip", headers=("Content-Encoding: gzip",))
    ((head, body),) = await exchange(server, call)
    assert head.startswith(b"HTTP/1.1 400 ")
    ((head, body),) = await exchange(server, call.replace(b"Authorization", b"X-Other"))
    assert head.startswith(b"HTTP/1.1 401 ")
    assert body["error"].startswith("authorization: ")


async def test_a_caller_that_leaves_still_has_its_decision(server):
    async with connection(server) as (_, writer):
        writer.write(request())
        await writer.drain()
        writer.transport.abort()
    await until(lambda: server.gateway.serving.log.written)
    assert server.gateway.serving.log.written == 1


async def test_a_drain_waits_for_the_decision_of_a_caller_that_left(server, versions):
    slow = versions.start(fault="slow")
    server.gateway.publish_all({STABLE: slow}, route())
    await server.gateway.connected()
    async with connection(server) as (_, writer):
        writer.write(request())
        await until(
            lambda: server.gateway.serving.snapshot.lanes[STABLE].pool.workers[slow].in_flight
        )
        writer.transport.abort()
    await until(lambda: not server.server_state.connections)
    server.should_exit = True
    await server.task
    assert server.gateway.serving.log.written == 1


async def test_an_idle_connection_is_closed_after_the_keep_alive_time(server):
    server.config.timeout_keep_alive = 1
    async with connection(server) as (reader, writer):
        for _ in range(3):
            writer.write(request())
            await read_answer(reader)
        async with asyncio.timeout(60):
            assert await reader.read() == b""


async def test_a_caller_that_reads_nothing_is_not_kept(server):
    server.config.timeout_keep_alive = 0.2
    rows = json.dumps({"instances": [{"amount": 10.0}] * 1000}).encode()
    async with connection(server) as (_, writer):
        writer.transport.pause_reading()
        writer.write(request(rows) * 100)
        await until(lambda: server.server_state.total_requests)
        await until(lambda: not server.server_state.connections)
        await until(lambda: not server.server_state.tasks)


async def test_a_drain_answers_what_is_in_flight_and_says_it_closes(server, versions):
    slow = versions.start(fault="slow")
    server.gateway.publish_all({STABLE: slow}, route())
    await server.gateway.connected()
    async with connection(server) as (reader, writer):
        writer.write(request())
        await until(
            lambda: server.gateway.serving.snapshot.lanes[STABLE].pool.workers[slow].in_flight
        )
        server.should_exit = True
        head, body = await read_answer(reader)
        assert b"connection: close" in head
        assert body["predictions"]
        assert await reader.read() == b""


def server_frames(server):
    folder = server.gateway.serving.config.segments_path
    return [
        frame
        for path in sorted(folder.iterdir())
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    ]
