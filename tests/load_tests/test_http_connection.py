import asyncio

import pytest

from load_tests.http_connection import Target, ask, render_request


async def serve(path, reply):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, path)


async def test_ask_gives_the_whole_answer(tmp_path):
    path = str(tmp_path / "s.sock")
    reply = b"HTTP/1.1 201 X\r\nx-a: b\r\ncontent-length: 2\r\n\r\nhi"
    async with await serve(path, reply):
        answer = await ask(Target(path=path), render_request("/p", b""))
    assert (answer.status, answer.headers["x-a"], answer.body) == (201, "b", b"hi")


async def test_an_answer_that_breaks_off_is_an_error(tmp_path):
    path = str(tmp_path / "s.sock")
    async with await serve(path, b"HTTP/1.1 200 X\r\ncontent-length: 5\r\n\r\nhi"):
        with pytest.raises(ConnectionError):
            await ask(Target(path=path), render_request("/p", b""))


def test_a_request_says_how_long_its_body_is():
    request = render_request("/p", b"{}", {"x-a": "b"}, "text/plain")
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /p HTTP/1.1",
        b"host: localhost",
        b"content-type: text/plain",
        b"content-length: 2",
        b"x-a: b",
    ]
    assert body == b"{}"
