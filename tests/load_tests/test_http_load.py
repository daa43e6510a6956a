import asyncio
import itertools

import pytest

from load_tests.http_load import LoadResult, Target, answer_size, render_request, run_load


def answer(status=200, body=b"{}", name="content-length"):
    return f"HTTP/1.1 {status} X\r\n{name}: {len(body)}\r\n\r\n".encode() + body


class Server(asyncio.Protocol):
    """Answers each request with the next of ``answers``; None hangs up."""

    def __init__(self, answers, seen):
        self.answers = answers
        self.seen = seen

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.seen.append(data)
        reply = next(self.answers)
        if reply is None:
            self.transport.close()
        for piece in reply or ():
            self.transport.write(piece)


async def load(tmp_path, answers, connections=2, seconds=0.1):
    seen = []
    loop = asyncio.get_running_loop()
    path = str(tmp_path / "s.sock")
    server = await loop.create_unix_server(lambda: Server(answers, seen), path)
    requests = [render_request("/p", body) for body in (b'{"k":1}', b'{"k":2}')]
    async with server:
        result = await run_load(Target(path=path), requests, connections, seconds)
    return result, seen


async def test_counts_answers_and_sends_the_requests_in_turn(tmp_path):
    result, seen = await load(tmp_path, itertools.repeat([answer()]))
    assert result.failed == 0
    assert len(result.latencies_ns) >= 2
    assert result.latencies_ns == sorted(result.latencies_ns)
    assert {request[-7:] for request in seen[:2]} == {b'{"k":1}', b'{"k":2}'}


async def test_an_answer_in_pieces_is_one_answer(tmp_path):
    whole = answer(body=b"x" * 50)
    pieces = [whole[:5], whole[5:30], whole[30:]]
    result, seen = await load(tmp_path, itertools.repeat(pieces), connections=1)
    assert result.failed == 0
    assert len(seen) >= len(result.latencies_ns) > 0


async def test_other_statuses_are_failures(tmp_path):
    answers = itertools.chain([[answer(503)]], itertools.repeat([answer()]))
    result, _ = await load(tmp_path, answers)
    assert result.failed == 1
    assert "503" in result.failures[0]


async def test_a_lost_connection_is_a_failure(tmp_path):
    answers = itertools.chain([None], itertools.repeat([answer()]))
    result, _ = await load(tmp_path, answers)
    assert result.failed == 1
    assert "connection lost" in result.failures[0]


def test_answer_size_needs_the_whole_head():
    whole = answer(body=b"abc", name="Content-Length")
    assert answer_size(whole[:20]) is None
    assert answer_size(whole) == len(whole)
    lane = whole.replace(b"Content-Length", b"inference-header-content-length: 1\r\nContent-Length")
    assert answer_size(lane) == len(lane)
    with pytest.raises(ValueError, match="no content-length"):
        answer_size(b"HTTP/1.1 200 OK\r\n\r\n")


def test_percentiles():
    result = LoadResult(1, 2.0, [1_000_000, 2_000_000, 3_000_000, 4_000_000])
    assert result.per_second == 2.0
    assert result.percentile_ms(0.5) == 3.0
    assert result.percentile_ms(1.0) == 4.0
