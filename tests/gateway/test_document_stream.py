"""The stream's client against a server that misbehaves."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
import uvicorn

from bentos.contract.documents import DocumentName, EndpointsBody
from gateway.document_stream import DocumentStream
from gateway.documents import DocumentStore, load_public_key
from tests.gateway.installation import Publisher


class Origin:
    """The control plane's end: what it announces, serves, and how it fails."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.bodies: dict[str, bytes] = {}
        self.headers: list[bytes] = []
        self.connects = 0
        self.authorizations: set[bytes] = set()
        self.close_at_once = False
        self.silent = False
        self.changed = asyncio.Event()

    def announce(self, body: EndpointsBody, *, damage: bool = False) -> None:
        header, data = self.publisher.sign(DocumentName.ENDPOINTS, body)
        self.bodies[header.digest] = data + b" " if damage else data
        self.headers = [msgspec.json.encode(header)]
        self.changed.set()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        self.authorizations.add(dict(scope["headers"])[b"authorization"])
        path = scope["path"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if path == "/gateway/v1/documents":
            await self.stream(send)
            data = b""
        elif path.endswith("/index"):
            data = b"[" + b",".join(self.headers) + b"]"
        else:
            data = self.bodies[path.rpartition("/")[2]]
        await send({"type": "http.response.body", "body": data})

    async def stream(self, send):
        self.connects += 1
        if self.close_at_once:
            return
        for _ in range(200):
            self.changed.clear()
            data = b"".join(b"event: document\ndata: " + h + b"\n\n" for h in self.headers)
            if not self.silent:
                data += b"event: heartbeat\ndata: {}\n\n"
            await send({"type": "http.response.body", "body": data, "more_body": True})
            if self.silent:
                await asyncio.sleep(30)
            try:
                await asyncio.wait_for(self.changed.wait(), 0.5)
            except TimeoutError:
                continue


@asynccontextmanager
async def running(tmp_path):
    publisher = Publisher(tmp_path)
    origin = Origin(publisher)
    server = uvicorn.Server(
        uvicorn.Config(origin, port=0, log_level="error", lifespan="off",
                       timeout_graceful_shutdown=0)
    )  # fmt: skip
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    taken = []
    store = DocumentStore(
        tmp_path / "documents",
        load_public_key(tmp_path / "keys" / "documents.pub"),
        lambda name, body, revision: taken.append((body, revision)),
    )
    stream = DocumentStream(f"http://127.0.0.1:{port}", tmp_path / "keys" / "gateway.key", store)
    following = asyncio.create_task(stream.run())
    try:
        yield origin, store, taken
    finally:
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        server.should_exit = server.force_exit = True
        await serving


async def until(condition):
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never happened")


def body(number):
    return EndpointsBody(versions={f"fraud:2026010{number}-aaaaaaaa": ("unix:/x",)})


async def test_documents_arrive_on_connect_and_on_change(tmp_path):
    async with running(tmp_path) as (origin, _, taken):
        origin.announce(body(1))
        await until(lambda: len(taken) == 1)
        origin.announce(body(2))
        await until(lambda: len(taken) == 2)
        assert taken[1][0] == body(2)
        assert origin.connects == 1
        assert origin.authorizations == {b"Bearer sbx_0123456789ab_" + b"g" * 43}


async def test_a_stream_that_closes_at_once_is_not_hammered(tmp_path):
    async with running(tmp_path) as (origin, _, taken):
        origin.close_at_once = True
        await asyncio.sleep(1.0)
        assert 1 <= origin.connects < 12
        origin.close_at_once = False
        origin.announce(body(1))
        await until(lambda: taken)


async def test_a_half_open_stream_is_left_after_the_read_timeout(tmp_path):
    async with running(tmp_path) as (origin, _, taken):
        origin.silent = True
        await until(lambda: origin.connects == 1)
        origin.silent = False
        origin.announce(body(1))  # nobody is told on the silent stream
        await until(lambda: taken)
        assert origin.connects == 2


async def test_a_damaged_body_is_refused_and_the_next_revision_taken(tmp_path):
    async with running(tmp_path) as (origin, store, taken):
        origin.announce(body(1), damage=True)
        await until(lambda: store.refused)
        assert taken == []
        origin.announce(body(2))
        await until(lambda: taken)
        assert taken[0][0] == body(2)


async def test_what_this_gateway_does_not_know_is_skipped(tmp_path):
    async with running(tmp_path) as (origin, _, taken):
        origin.announce(body(1))
        unknown = origin.headers[0].replace(b'"endpoints"', b'"weather"')
        garbled = origin.headers[0].replace(b'"signature":"', '"signature":"é'.encode())
        origin.headers = [b"{}", unknown, garbled, *origin.headers]
        await until(lambda: taken)
        assert taken[0][0] == body(1)
        assert origin.connects == 1


async def test_a_key_that_appears_later_is_used(tmp_path):
    async with running(tmp_path) as (origin, _, taken):
        key = tmp_path / "keys" / "gateway.key"
        text = key.read_text()
        key.unlink()
        origin.close_at_once = True
        await asyncio.sleep(0.3)
        origin.close_at_once = False
        origin.announce(body(1))
        key.write_text(text)
        await until(lambda: taken)
