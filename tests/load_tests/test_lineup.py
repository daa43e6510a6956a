import asyncio

import pytest

from load_tests.bench_versions import write_stand_in
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.http_connection import Target, render_request
from load_tests.lineup import WrongAnswerError, check_answers
from load_tests.model_rows import ModelRows
from load_tests.sides import Side


@pytest.fixture(scope="module")
def onnx(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    write_stand_in(path)
    return path


async def check(tmp_path, onnx, change):
    """A server that knows the right answers and answers what ``change`` makes of them."""
    rows = ModelRows(SIGNATURE, SCHEMA, count=8)
    requests = tuple(render_request("/p", body) for body in rows.named())

    async def answer(reader, writer):
        request = await reader.readexactly(len(requests[0]))
        number = requests.index(request)
        body = b"%a" % change(number, rows.expected(onnx, number))
        writer.write(b"HTTP/1.1 200 X\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    path = str(tmp_path / "s.sock")
    async with await asyncio.start_unix_server(answer, path):
        await check_answers(Side("x", "x", Target(path=path), requests, ()), rows, onnx)


async def test_the_graphs_own_answers_pass(tmp_path, onnx):
    await check(tmp_path, onnx, lambda _, expected: expected)


async def test_one_row_answered_otherwise_is_told(tmp_path, onnx):
    with pytest.raises(WrongAnswerError, match="x: row 3: expected"):
        await check(tmp_path, onnx, lambda number, expected: [0.123] if number == 3 else expected)


async def test_an_answer_too_many_is_told(tmp_path, onnx):
    with pytest.raises(WrongAnswerError, match="row 0"):
        await check(tmp_path, onnx, lambda _, expected: expected * 2)


async def test_a_server_that_is_not_there_is_told(tmp_path, onnx):
    rows = ModelRows(SIGNATURE, SCHEMA, count=1)
    side = Side("x", "x", Target(path=str(tmp_path / "none")), (b"",), ())
    with pytest.raises(WrongAnswerError, match="row 0"):
        await check_answers(side, rows, onnx)
