"""The short cut answers as uvicorn would, and leaves to uvicorn what it should."""

import asyncio

import pytest
import uvicorn

from bentos.lane_protocol import LaneProtocol

BODY = b'{"inputs":[]}'
INFER = "/v2/models/m/infer"


class Lane:
    """Says which way a request came: at once by ``answer``, or through the application."""

    def takes(self, path):
        return path == INFER

    def answer(self, body, header_length):
        return 200, b"short:%b:%s" % (body, (header_length or "-").encode()), [(b"x-way", b"short")]

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        content = b"long:%b" % body
        headers = [(b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def request(body=BODY, path=INFER, method="POST", headers=(), length=None):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {length or len(body)}"]
    return "\r\n".join([*lines, *headers]).encode() + b"\r\n\r\n" + body


@pytest.fixture
async def path(tmp_path):
    lane = Lane()
    config = uvicorn.Config(
        lane,
        interface="asgi3",
        loop="none",
        lifespan="off",
        http=LaneProtocol.for_lane(lane),
        uds=str(tmp_path / "s.sock"),
        log_config=None,
        access_log=False,
        ws="none",
    )
    server = uvicorn.Server(config)
    # Signals belong to the test runner.
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has a flag, no event
        await asyncio.sleep(0.01)
    yield config.uds
    server.should_exit = True
    await task


async def exchange(path, *pieces, answers=1):
    """Send the pieces one by one; returns the bodies of the answers."""
    reader, writer = await asyncio.open_unix_connection(path)
    bodies = []
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        # Rounds of the loop, so that the server has read it, however long one takes.
        for _ in range(20):
            await asyncio.sleep(0.001)
    for _ in range(answers):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        bodies.append(await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return bodies


async def test_a_whole_request_is_answered_at_once(path):
    assert await exchange(path, request()) == [b"short:" + BODY + b":-"]


async def test_the_header_length_is_handed_on(path):
    binary = request(headers=["Inference-Header-Content-Length: 7"])
    assert await exchange(path, binary) == [b"short:" + BODY + b":7"]


@pytest.mark.parametrize(
    "sent",
    [
        request(path="/v2/models/other/infer"),
        request(path=INFER + "?x=1"),
        request(headers=["Connection: close"]),
        request(headers=["TE: trailers"]),
        request(method="PUT"),
    ],
)
async def test_everything_else_goes_through_uvicorn(path, sent):
    assert await exchange(path, sent) == [b"long:" + BODY]


async def test_pieces_go_through_uvicorn_wherever_they_are_cut(path):
    whole = request()
    for cut in (1, 6, 30, len(whole) - len(BODY) - 1, len(whole) - len(BODY), len(whole) - 1):
        assert await exchange(path, whole[:cut], whole[cut:]) == [b"long:" + BODY]


async def test_a_body_that_looks_like_a_request_is_a_body(path):
    inner = request()
    outer = request(body=inner)
    head = outer[: len(outer) - len(inner)]
    assert await exchange(path, head, inner) == [b"long:" + inner]


async def test_pipelined_requests_are_answered_in_turn(path):
    two = request(body=b"1") + request(body=b"2")
    assert await exchange(path, two, answers=2) == [b"long:1", b"long:2"]


async def test_ways_alternate_on_one_connection(path):
    whole = request()
    pieces = [whole, whole[:9], whole[9:], whole, request(path="/other"), whole]
    ways = [body.partition(b":")[0] for body in await exchange(path, *pieces, answers=5)]
    assert ways == [b"short", b"long", b"short", b"long", b"short"]
