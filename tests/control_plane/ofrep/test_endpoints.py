"""OpenFeature's Python SDK, and requests by hand, against a running control plane."""

import asyncio
import json

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from starlette.requests import Request

from bentos.contract.documents import KillBody, Revision, RoutesBody
from control_plane.ofrep.endpoints import get_stream
from gateway.routing import Routes
from tests.control_plane.away import Away
from tests.routing.keys import make_keys

pytestmark = pytest.mark.acceptance
COUNT = 500
FLAGS = "/ofrep/v1/evaluate/flags"


@pytest.fixture
def running(shop):
    shop.plane.admin.put("/api/v1/attributes", json={"country": "string"}).raise_for_status()
    shop.bootstrap()
    body = {"name": "shop", "kind": "server", "models": [shop.model]}
    answer = shop.plane.admin.post("/api/v1/sdk-keys", json=body).json()
    shop.key, shop.key_id = answer["key"], answer["id"]
    shop.flag = f"model.{shop.model}"
    return shop


def ask(shop, path, body=None, key=None, **headers):
    headers = {"Authorization": f"Bearer {key or shop.key}", **headers}
    return shop.plane.client(None).post(path, json=body or {}, headers=headers)


def ramp(shop, weight, **more):
    release = shop.must(shop.started(2, **more), "ramp", weight=weight)
    shop.routed(lambda f: "rules" in f and f["rules"][0]["ranges"][1] == [0, weight])
    return release


def context(key, country="DE"):
    return {"context": {"targetingKey": key, "country": country, "undeclared": [1]}}


@pytest.fixture
def openfeature(running):
    headers = {"Authorization": f"Bearer {running.key}"}
    provider = OFREPProvider(running.plane.url, headers_factory=lambda: headers)
    api.set_provider(provider)
    yield api.get_client()
    provider.session.close()
    api.clear_providers()


def test_openfeature_s_sdk_agrees_with_the_gateway(running, openfeature):
    release = ramp(running, 0.4, condition={"country": "DE"})
    routes = RoutesBody(features=running.plane.document("routes")["features"])
    table = Routes(routes, KillBody(), Revision(1, 1), Revision(1, 1))
    served = set()
    for number, key in enumerate(make_keys(COUNT)):
        country = ("DE", "FR")[number % 2]
        got = table.assign(running.model, key, {"country": country}, None)
        asked = EvaluationContext(key, {"country": country, "cart": 3})
        said = openfeature.get_object_details(running.flag, {}, asked)
        assert (said.value, said.variant) == ({"serve": got.version}, got.variant)
        assert said.reason == Reason(got.reason.value)
        assert said.flag_metadata.get("bucket") == got.bucket
        served.add((said.value["serve"], said.reason))
    stable = running.model_state()["stable"]
    assert served == {
        (stable, Reason.STATIC),
        (stable, Reason.SPLIT),
        (release["candidate"], Reason.SPLIT),
    }


def test_openfeature_s_sdk_is_told_what_is_the_matter(running, openfeature):
    ramp(running, 0.4)
    default = {"serve": "?"}
    said = openfeature.get_object_details(running.flag, default)
    assert (said.value, said.error_code) == (default, ErrorCode.TARGETING_KEY_MISSING)
    said = openfeature.get_object_details("model.nobody", default, EvaluationContext("k"))
    assert said.error_code is ErrorCode.FLAG_NOT_FOUND
    wrong = EvaluationContext("k", {"country": 7})
    said = openfeature.get_object_details(running.flag, default, wrong)
    assert said.error_code is ErrorCode.INVALID_CONTEXT
    assert "country" in said.error_message


def test_a_kill_is_static(running):
    release = ramp(running, 1.0)
    stable = running.model_state()["stable"]
    body = {"model": running.model, "version": stable, "reason": "bad"}
    running.author.post("/api/v1/kills", json=body).raise_for_status()

    def killed():
        said = ask(running, f"{FLAGS}/{running.flag}", context("k")).json()
        return said if said["value"] != {"serve": release["candidate"]} else None

    said = running.plane.wait(killed)
    assert (said["value"], said["reason"]) == ({"serve": stable}, "STATIC")


def test_all_flags_come_with_a_tag_and_are_not_sent_twice(running):
    first = ask(running, FLAGS, context("k"))
    assert [each["key"] for each in first.json()["flags"]] == [running.flag]
    etag = first.headers["etag"]
    again = ask(running, FLAGS, context("k"), **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    ramp(running, 0.5)
    later = ask(running, FLAGS, context("k"), **{"If-None-Match": etag})
    assert (later.status_code, later.json()["flags"][0]["reason"]) == (200, "SPLIT")
    missing = ask(running, FLAGS).json()["flags"]
    assert [(each["key"], each["errorCode"]) for each in missing] == [
        (running.flag, "TARGETING_KEY_MISSING")
    ]


def test_what_cannot_be_read_is_told_as_the_protocol_wants_it(running):
    client = running.plane.client(None)
    headers = {"X-API-Key": running.key}
    for path, key in ((FLAGS, {}), (f"{FLAGS}/{running.flag}", {"key": running.flag})):
        said = client.post(path, content=b"{", headers=headers)
        assert said.status_code == 400
        assert said.json() == {**key, "errorCode": "PARSE_ERROR"} | {
            "errorDetails": said.json()["errorDetails"]
        }
    assert client.get("/ofrep/v1/configuration", headers=headers).json()["name"] == "signalbox"


def test_without_a_good_key_nothing_is_answered(running, open_shop):
    ways = [("POST", FLAGS), ("POST", f"{FLAGS}/{running.flag}"), ("GET", "/ofrep/v1/stream")]
    ways.append(("GET", "/ofrep/v1/configuration"))
    channel = "/ofrep/v1/stream?channel="
    ways += [("GET", channel + bad) for bad in ("x", running.key, f"{running.key_id}.", "é")]
    for method, path in ways:
        said = running.plane.client(None).request(method, path)
        assert (said.status_code, list(said.json())) == (401, ["errorDetails"]), path
    elsewhere = open_shop(running.plane)
    elsewhere.bootstrap()
    stranger = {"name": "other", "kind": "server", "models": [elsewhere.model]}
    other = running.plane.admin.post("/api/v1/sdk-keys", json=stranger).json()["key"]
    hidden = ask(running, f"{FLAGS}/{running.flag}", context("k"), key=other)
    unknown = ask(running, f"{FLAGS}/model.nobody", context("k"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json() == unknown.json() | {"key": running.flag}


def test_a_web_page_may_ask(running):
    allowed = running.plane.client(None).options(FLAGS)
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in allowed.headers["access-control-allow-headers"]


def test_the_stream_says_when_to_ask_again_and_ends_with_its_key(running):
    [stream] = ask(running, FLAGS, context("k")).json()["eventStreams"]
    assert stream["type"] == "sse"
    address = stream["endpoint"]["requestUri"]
    assert running.key not in address
    client = running.plane.client(None)
    with client.stream("GET", address) as opened:
        lines = opened.iter_lines()
        first = news(lines)
        with client.stream("GET", address, headers={"Last-Event-ID": first}) as back:
            assert next(back.iter_lines()) == ": nothing new"
        ramp(running, 0.5)
        assert news(lines) != first
        running.plane.admin.delete(f"/api/v1/sdk-keys/{running.key_id}").raise_for_status()
    assert client.get(address).status_code == 401


def news(lines):
    """The id of the next event."""
    for line in lines:
        if line.startswith("id: "):
            assert next(lines) == "event: message"
            told = json.loads(next(lines).removeprefix("data: "))
            assert told["type"] == "refetchEvaluation"
            assert told["etag"]
            return line.removeprefix("id: ")
    raise AssertionError("the stream ended")


def test_a_stream_opens_while_the_database_is_away_and_tells_nothing():
    async def follow():
        parts, request = Away(), Request({"type": "http", "headers": [(b"x-api-key", b"unknown")]})
        answer = await get_stream(request, parts, "", "")
        assert answer.status_code == 200
        told = [await anext(answer.body_iterator)]
        parts.back = True
        parts.feed.wake()
        return told + [each async for each in answer.body_iterator]

    assert asyncio.run(follow()) == [b": away\n\n"]
