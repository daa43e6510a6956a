"""The demo's own HTTP client against a real server on a real socket."""

import asyncio
import json

import pytest

from demo.gateway_connection import GatewayConnection


async def serve(handler):
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def request_of(reader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
    return head, await reader.readexactly(length)


async def test_keeps_the_connection_and_sends_the_key():
    seen = []

    async def handler(reader, writer):
        for number in range(2):
            seen.append(await request_of(reader))
            body = json.dumps({"number": number}).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
        writer.close()

    server, port = await serve(handler)
    async with server:
        connection = GatewayConnection("127.0.0.1", port, "sbx_key")
        answers = [await connection.post("/v1/models/fraud:predict", b"{}") for _ in range(2)]
        connection.close()
    assert [answer.body["number"] for answer in answers] == [0, 1]
    head, body = seen[0]
    assert head.startswith("POST /v1/models/fraud:predict HTTP/1.1\r\n")
    assert "Authorization: Bearer sbx_key" in head
    assert body == b"{}"


async def test_a_broken_answer_raises_and_the_next_request_opens_anew():
    calls = 0

    async def handler(reader, writer):
        nonlocal calls
        calls += 1
        await request_of(reader)
        if calls == 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        else:
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        writer.close()

    server, port = await serve(handler)
    async with server:
        connection = GatewayConnection("127.0.0.1", port, "k")
        with pytest.raises(EOFError):
            await connection.post("/x", b"{}")
        answer = await connection.post("/x", b"{}")
    assert (answer.status, answer.body) == (503, "no")
