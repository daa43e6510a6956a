"""The stream's client against a server that misbehaves."""

import asyncio
import hashlib
from contextlib import asynccontextmanager

import msgspec
import pytest
import uvicorn

from bentos.contract.documents import Announcement, DocumentName, EndpointsBody, Revision
from gateway.document_stream import DocumentStream
from gateway.documents import DocumentStore, load_public_key
from tests.gateway.publisher import Publisher


class Origin:
    """The control plane's end: what it announces, serves, and how it fails."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.bodies: dict[str, bytes] = {}
        self.headers: list[bytes] = []
        self.connects = 0
        self.authorizations: set[bytes] = set()
        self.known: list[bytes | None] = []
        self.fetched = self.polls = self.not_modified = 0
        self.close_at_once = False
        self.silent = False
        self.mute = False
        self.changed = asyncio.Event()

    def announce(
        self,
        body: EndpointsBody,
        *,
        damage: bool = False,
        inline: bool = False,
        revision: Revision | None = None,
    ) -> None:
        header, data = self.publisher.sign(DocumentName.ENDPOINTS, body, revision)
        data = data + b" " if damage else data
        self.bodies[header.digest] = data
        said = Announcement.of(header, data) if inline else header
        self.headers = [msgspec.json.encode(said)]
        self.changed.set()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        self.authorizations.add(headers[b"authorization"])
        path = scope["path"]
        if path == "/gateway/v1/documents":
            self.known.append(headers.get(b"last-event-id"))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await self.stream(send)
            data = b""
        elif path.endswith("/index"):
            data = await self.index(headers, send)
        else:
            self.fetched += 1
            await send({"type": "http.response.start", "status": 200, "headers": []})
            data = self.bodies[path.rpartition("/")[2]]
        await send({"type": "http.response.body", "body": data})

    async def index(self, headers, send):
        self.polls += 1
        data = b"[" + b",".join(self.headers) + b"]"
        etag = hashlib.sha256(data).hexdigest().encode()
        same = headers.get(b"if-none-match") == etag
        self.not_modified += same
        start = {"status": 304 if same else 200, "headers": [(b"etag", etag)]}
        await send({"type": "http.response.start", **start})
        return b"" if same else data

    async def stream(self, send):
        self.connects += 1
        if self.close_at_once:
            return
        for _ in range(200):
            self.changed.clear()
            said = [] if self.mute else self.headers
            data = b"".join(b"event: document\ndata: " + h + b"\n\n" for h in said)
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
    for _ in range(6000):
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
        await until(lambda: origin.connects)
        await asyncio.sleep(1.0)
        assert origin.connects < 12
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


async def test_a_small_body_comes_along_and_nothing_is_fetched(tmp_path):
    async with running(tmp_path) as (origin, _, taken):
        origin.announce(body(1), inline=True)
        await until(lambda: taken)
        assert taken[0][0] == body(1)
        assert origin.fetched == 0


async def test_a_body_that_came_along_damaged_is_refused(tmp_path):
    async with running(tmp_path) as (origin, store, taken):
        origin.announce(body(1), inline=True, damage=True)
        await until(lambda: store.refused)
        assert taken == []


async def test_it_says_what_it_has_when_it_comes_back(tmp_path):
    async with running(tmp_path) as (origin, store, taken):
        origin.announce(body(1))
        await until(lambda: taken)
        origin.silent = True
        origin.changed.set()
        await until(lambda: origin.connects >= 2)
        assert origin.known[0] is None
        assert origin.known[-1] == str(store.revision).encode()


async def test_an_older_revision_of_the_epoch_is_not_taken_and_a_new_epoch_is(tmp_path):
    async with running(tmp_path) as (origin, store, taken):
        newer, older = Revision(1, 9), Revision(1, 8)
        origin.announce(body(1), revision=newer)
        await until(lambda: len(taken) == 1)
        origin.announce(body(2), revision=older)
        # After a restored backup numbers begin again, in an epoch of their own.
        await asyncio.sleep(0.2)
        origin.announce(body(3), revision=Revision(2, 1))
        await until(lambda: len(taken) == 2)
        assert [revision for _, revision in taken] == [newer, Revision(2, 1)]
        assert store.refused == 0


async def test_what_a_stream_never_said_is_found_by_asking(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.document_stream.BACKSTOP_SECONDS", 0.1)
    async with running(tmp_path) as (origin, _, taken):
        origin.mute = True
        origin.announce(body(1))
        await until(lambda: taken)
        assert origin.connects == 1
        asked = origin.polls
        await until(lambda: origin.polls > asked + 2)
        assert origin.not_modified > 0


async def test_it_is_kept_on_disk_a_moment_after_it_serves(tmp_path):
    async with running(tmp_path) as (origin, store, taken):
        origin.announce(body(1))
        await until(lambda: taken)
        await until(lambda: not store.unkept)
        assert (tmp_path / "documents" / "endpoints.header.json").exists()


async def test_a_disk_that_fails_does_not_end_the_stream(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.document_stream.BACKSTOP_SECONDS", 0.1)
    async with running(tmp_path) as (origin, store, taken):
        in_the_way = tmp_path / "documents" / "endpoints.body"
        in_the_way.mkdir()
        origin.announce(body(1))
        await until(lambda: taken)
        origin.announce(body(2))
        # Heard on the stream and by asking at once, it is taken twice.
        await until(lambda: taken[-1][0] == body(2))
        assert store.unkept
        in_the_way.rmdir()
        await until(lambda: not store.unkept)
        assert origin.connects == 1
