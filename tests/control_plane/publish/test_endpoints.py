import base64
import hashlib
import json
from types import SimpleNamespace

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from starlette.requests import Request

from bentos.contract.documents import DocumentHeader, DocumentName, decode_body, signing_input
from control_plane.errors import UnavailableError
from control_plane.principal import Permission
from control_plane.publish import endpoints
from control_plane.publish.key_watch import KeyWatch

pytestmark = pytest.mark.acceptance


def stream(client):
    """Yield (event, id, data) of the documents stream."""
    with client.stream("GET", "/gateway/v1/documents") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event = {}
        for line in answer.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
                continue
            yield event.get("event"), event.get("id"), event.get("data")
            event = {}


def test_the_stream_starts_with_a_signed_snapshot_and_beats(shop):
    gateway = shop.plane.holder("gateway")
    public = load_pem_public_key((shop.plane.home / "keys" / "documents.pub").read_bytes())
    seen = {}
    revisions = []
    for event, identifier, data in stream(gateway):
        if event == "heartbeat":
            break
        header = msgspec.json.decode(data, type=DocumentHeader)
        assert identifier == str(header.revision)
        public.verify(base64.b64decode(header.signature), signing_input(header))
        body = gateway.get(f"/gateway/v1/documents/{header.digest}").content
        assert hashlib.sha256(body).hexdigest() == header.digest
        assert len(body) == header.size
        decode_body(header.name, body)
        seen[header.name] = header
        revisions.append(header.revision)
    assert set(seen) == set(DocumentName)
    assert revisions == sorted(revisions)


def test_a_change_is_pushed_down_an_open_stream(shop):
    version = shop.register(1)
    gateway = shop.plane.holder("gateway")
    for number, (event, _, data) in enumerate(stream(gateway)):
        assert number < 200
        if event == "heartbeat":
            shop.report(version)
        elif event == "document":
            header = json.loads(data)
            body = gateway.get(f"/gateway/v1/documents/{header['digest']}").json()
            if header["name"] == "endpoints" and version in body["versions"]:
                assert body["versions"][version] == [f"unix:/run/{version}"]
                return


def test_the_index_answers_304_until_something_changes(shop):
    gateway = shop.plane.holder("gateway")
    first = gateway.get("/gateway/v1/documents/index")
    headers = {"If-None-Match": first.headers["etag"]}
    assert gateway.get("/gateway/v1/documents/index", headers=headers).status_code == 304
    version = shop.register(1)
    shop.report(version)
    shop.plane.wait(lambda: version in shop.plane.document("endpoints")["versions"])
    again = gateway.get("/gateway/v1/documents/index", headers=headers)
    assert again.status_code == 200
    assert again.json()[-1]["revision"] > first.json()[-1]["revision"]


def test_documents_are_for_gateways_only(shop):
    for client in (shop.plane.admin, shop.fleet, shop.author):
        assert client.get("/gateway/v1/documents/index").status_code == 403
    assert shop.plane.client(None).get("/gateway/v1/documents").status_code == 401


def test_schemas_follow_registration(shop):
    version = shop.register(1)
    body = shop.plane.wait(
        lambda: (d := shop.plane.document("schemas")) and version in d["versions"] and d
    )
    entry = body["versions"][version]
    assert body["signatures"][entry["signature"]]["model"] == shop.model
    assert body["features"][entry["features"]]["model"] == shop.model
    assert body["current"][shop.model] == entry["signature"]


def test_the_fleet_is_asked_for_what_routes_and_rollbacks_need(shop):
    def desired():
        versions = shop.fleet.get("/fleet/v1/desired").json()["versions"]
        return {each["version"]: each for each in versions if each["model"] == shop.model}

    first = shop.bootstrap()
    assert desired()[first]["replicas"] == 1
    assert len(desired()[first]["bento_digest"]) == 64
    release = shop.must(shop.started(2), "ramp", "promote")
    shop.routed(lambda f: f["defaultValue"]["serve"] == release["candidate"])
    assert set(desired()) == {first, release["candidate"]}


def test_a_version_is_live_once_a_caller_may_hear_from_it(shop):
    def priorities():
        versions = shop.fleet.get("/fleet/v1/desired").json()["versions"]
        return {e["version"]: e["priority"] for e in versions if e["model"] == shop.model}

    first = shop.bootstrap()
    release = shop.started(2)
    candidate = release["candidate"]
    assert priorities() == {first: "live", candidate: "shadow"}
    shop.must(release, "ramp")
    assert priorities() == {first: "live", candidate: "live"}


def test_a_report_that_says_nothing_new_writes_nothing(shop):
    version = shop.register(1)
    shop.report(version)
    shop.report(version)
    wanted = {"entity": f"fleet:fleet-{shop.model}"}
    events = shop.plane.admin.get("/api/v1/register/events", params=wanted).json()
    assert len(events) == 1


def test_a_report_with_a_bad_address_is_refused(shop):
    body = {"fleet": "f", "versions": {"x": {"addresses": ["tcp:x"], "ready": True}}}
    answer = shop.fleet.post("/fleet/v1/report", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "versions.x.addresses"


def test_a_revoked_key_does_not_go_on_reading(plane):
    answer = plane.admin.post("/api/v1/services/gateway/keys").json()
    events = stream(plane.client(answer["key"]))
    assert next(events)[0] == "document"
    plane.admin.delete(f"/api/v1/keys/{answer['id']}").raise_for_status()
    # The stream ends by itself: this loop would never be left otherwise.
    assert len(list(events)) < 200


async def test_while_the_database_is_away_streams_go_on_and_nobody_new_is_let_in(monkeypatch):
    answers = [SimpleNamespace(permissions={Permission.DOCUMENTS_READ})]

    def identify(_):
        if answers:
            return answers.pop()
        raise UnavailableError("away")

    monkeypatch.setattr(endpoints, "identify", identify)
    clock = SimpleNamespace(now=0.0)
    parts = SimpleNamespace(key_watch=KeyWatch(lambda: clock.now))

    def request(key):
        headers = [(b"authorization", b"Bearer " + key)]
        return Request({"type": "http", "headers": headers, "path_params": {}})

    still_good = await endpoints._reader(request(b"known"), parts)
    clock.now = 100.0
    assert await still_good()
    for key in (b"known", b"stranger"):
        clock.now += 100.0
        with pytest.raises(UnavailableError):
            await endpoints._reader(request(key), parts)
