import asyncio
import itertools

from load_tests.http_connection import Target, render_request
from load_tests.http_load import run_load


def answer(status=200, body=b"{}", more=""):
    return f"HTTP/1.1 {status} X\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


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
    requests = itertools.cycle(render_request("/p", body) for body in (b'{"k":1}', b'{"k":2}'))
    async with server:
        result = await run_load(Target(path=path), requests, connections, seconds)
        # The server's ends learn that they are closed.
        await asyncio.sleep(0.01)
    return result, seen


async def test_counts_answers_and_sends_the_requests_in_turn(tmp_path):
    result, seen = await load(tmp_path, itertools.repeat([answer()]))
    assert result.failed == 0
    assert len(result.latencies_ns) >= 2
    assert result.latencies_ns == sorted(result.latencies_ns)
    assert {request[-7:] for request in seen[:2]} == {b'{"k":1}', b'{"k":2}'}
    assert 0 < result.busy < 2


async def test_an_answer_in_pieces_is_one_answer(tmp_path):
    whole = answer(body=b"x" * 50)
    pieces = [whole[:5], whole[5:30], whole[30:]]
    result, seen = await load(tmp_path, itertools.repeat(pieces), connections=1)
    assert result.failed == 0
    assert len(seen) >= len(result.latencies_ns) > 0


async def test_other_statuses_are_failures(tmp_path):
    answers = itertools.chain([[answer(500)]], itertools.repeat([answer()]))
    result, _ = await load(tmp_path, answers)
    assert (result.failed, result.shed) == (1, 0)
    assert "500" in result.failures[0]


async def test_a_shed_request_is_no_failure_and_its_sender_waits_as_told(tmp_path):
    shed = answer(503, more="retry-after: 30\r\n")
    result, seen = await load(tmp_path, itertools.repeat([shed]), connections=3)
    assert (result.failed, result.shed, result.latencies_ns) == (0, 3, [])
    assert len(seen) == 3


async def test_who_is_shed_without_a_word_sends_again_at_once(tmp_path):
    answers = itertools.chain([[answer(429)]], itertools.repeat([answer()]))
    result, _ = await load(tmp_path, answers, connections=1)
    assert (result.failed, result.shed) == (0, 1)
    assert result.latencies_ns


async def test_a_lost_connection_is_a_failure(tmp_path):
    answers = itertools.chain([None], itertools.repeat([answer()]))
    result, _ = await load(tmp_path, answers)
    assert result.failed == 1
    assert "connection lost" in result.failures[0]
