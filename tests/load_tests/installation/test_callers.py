"""Callers against a real socket that answers, hangs up and says goodbye."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager

import pytest

from load_tests.installation import connection
from load_tests.installation.callers import Caller, Seen
from load_tests.installation.question import ask_json

FACTS = {"decision_id": "d", "model_version": "v", "variant": "stable", "reason": "STATIC"}
GOOD = json.dumps({"predictions": [{"total": 6.0}], **FACTS}).encode()


def answer(status=200, body=GOOD, more=b""):
    return b"HTTP/1.1 %d X\r\n%scontent-length: %d\r\n\r\n" % (status, more, len(body)) + body


@asynccontextmanager
async def gateway(replies):
    """Answers each request with the next reply; None hangs up instead of answering."""
    replies = iter(replies)
    opened = itertools.count()

    async def serve(reader, writer):
        next(opened)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.read(1000)
                reply = next(replies)
                if reply is None:
                    break
                writer.write(reply)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], opened


async def call(replies, number=0, until=2):
    seen, stopping = Seen(), asyncio.Event()
    async with gateway(replies) as (port, opened):
        question = ask_json("k", [(1, 2, 3)], "sbx_key")
        caller = Caller(number, "127.0.0.1", port, [question], seen)
        task = asyncio.create_task(caller.call(stopping))
        async with asyncio.timeout(60):
            while seen.requests < until:
                assert not task.done()
                await asyncio.sleep(0.001)
            stopping.set()
            await task
    return seen, next(opened)


async def test_answers_are_kept_with_what_they_say():
    seen, connections = await call(itertools.repeat(answer()))
    assert seen.failures == []
    assert (seen.answers[0].sums, seen.answers[0].totals) == ((6.0,), (6.0,))
    assert seen.answers[0].facts["model_version"] == "v"
    assert connections == 1


async def test_a_broken_connection_is_a_failure_for_who_does_not_ask_again():
    seen, _ = await call([None, *[answer()] * 50])
    assert [failure.status for failure in seen.failures] == [0]
    assert seen.failures[0].port > 0
    assert seen.answers


async def test_who_asks_again_is_served():
    seen, connections = await call([None, *[answer()] * 50], number=1)
    assert seen.failures == []
    assert connections == 2


async def test_who_asks_again_asks_once():
    seen, _ = await call([None, None, *[answer()] * 50], number=1)
    assert [failure.retrying for failure in seen.failures] == [True]


async def test_another_status_is_a_failure_also_for_who_asks_again():
    seen, _ = await call([answer(503, b'{"error": "full"}'), *[answer()] * 50], number=1)
    assert [(one.status, one.what) for one in seen.failures] == [(503, '{"error": "full"}')]


async def test_an_announced_end_of_a_connection_is_no_failure():
    seen, connections = await call([answer(more=b"connection: close\r\n"), *[answer()] * 50])
    assert seen.failures == []
    assert connections == 2


@pytest.mark.parametrize("body", [b"{", b'{"predictions": 1}', b'{"predictions": [{}]}'])
async def test_an_answer_nobody_can_read_is_a_failure(body):
    seen, _ = await call([answer(body=body), *[answer()] * 50])
    assert len(seen.failures) == 1
    assert "nobody can read" in seen.failures[0].what


async def test_silence_is_a_failure(monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.05)
    seen, _ = await call([b"", *[answer()] * 50])
    assert "LateError" in seen.failures[0].what
