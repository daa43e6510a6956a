"""Somebody in between, against a control plane's stream as the gateway reads it."""

from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest

from bentos.contract.documents import DocumentHeader, DocumentName, KillBody, RoutesBody
from gateway.documents import DocumentRefused, DocumentStore, load_public_key
from load_tests.installation.tampering import INDEX, STREAM, Tampering, TamperingProxy
from tests.gateway.publisher import Publisher


class ControlPlane:
    """Index and bodies of what was published; the newest header of each name counts."""

    def __init__(self, publisher):
        self.publisher = publisher
        self.headers, self.bodies = {}, {}

    def publish(self, name, body):
        header, data = self.publisher.sign(name, body)
        self.headers[name], self.bodies[header.digest] = header, data

    async def __call__(self, scope, receive, send):
        path = scope["path"]
        if path == INDEX:
            body = msgspec.json.encode(list(self.headers.values()))
        else:
            body = self.bodies[path.rpartition("/")[2]]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b'"e"')]})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def control(tmp_path):
    return tmp_path / "control"


@pytest.fixture
def upstream(tmp_path):
    return ControlPlane(Publisher(tmp_path / "home"))


@asynccontextmanager
async def between(upstream, control):
    proxy = TamperingProxy("http://upstream", control)
    proxy._client = httpx.AsyncClient(
        base_url="http://upstream", transport=httpx.ASGITransport(app=upstream)
    )
    transport = httpx.ASGITransport(app=proxy)
    async with proxy._client, httpx.AsyncClient(transport=transport, base_url="http://p") as client:
        yield client


def store(upstream, tmp_path):
    key = load_public_key(upstream.publisher.home / "keys" / "documents.pub")
    return DocumentStore(tmp_path / "documents", key, lambda *_: None)


async def fetch(client, name=DocumentName.ROUTES):
    """Header and body as they come through."""
    listed = (await client.get(INDEX)).content
    headers = {one.name: one for one in msgspec.json.decode(listed, type=list[DocumentHeader])}
    body = await client.get(f"{STREAM}/{headers[name].digest}")
    return headers[name], body.content


def routes(serve):
    return RoutesBody(features={"model.m": {"defaultValue": {"serve": serve, "shadow": []}}})


async def test_without_a_word_everything_passes_as_it_came(upstream, control, tmp_path):
    upstream.publish(DocumentName.ROUTES, routes("m:1"))
    async with between(upstream, control) as client:
        header, body = await fetch(client)
        assert (header, body) == (upstream.headers[header.name], upstream.bodies[header.digest])
        store(upstream, tmp_path).accept(header, body)


@pytest.mark.parametrize(
    ("how", "said"),
    [(Tampering.CORRUPT, "does not match its digest"), (Tampering.WRONG_KEY, "wrong signature")],
)
async def test_spoilt_routes_are_refused_for_what_is_wrong(upstream, control, tmp_path, how, said):
    upstream.publish(DocumentName.ROUTES, routes("m:1"))
    upstream.publish(DocumentName.KILL, KillBody())
    control.write_text(how.value)
    async with between(upstream, control) as client:
        with pytest.raises(DocumentRefused, match=said):
            store(upstream, tmp_path).accept(*await fetch(client))
        store(upstream, tmp_path).accept(*await fetch(client, DocumentName.KILL))


async def test_older_routes_are_offered_rightly_signed(upstream, control, tmp_path):
    documents = store(upstream, tmp_path)
    upstream.publish(DocumentName.ROUTES, routes("m:1"))
    async with between(upstream, control) as client:
        first = await fetch(client)
        documents.accept(*first)
        upstream.publish(DocumentName.ROUTES, routes("m:2"))
        documents.accept(*await fetch(client))
        control.write_text(Tampering.OLDER.value)
        assert await fetch(client) == first
        with pytest.raises(DocumentRefused, match="older"):
            documents.accept(*first)


async def test_a_control_plane_that_is_away_is_no_answer_of_its_own(control):
    async def gone(scope, receive, send):
        raise httpx.ConnectError("gone")

    async with between(gone, control) as client:
        assert (await client.get(INDEX)).status_code == 502
