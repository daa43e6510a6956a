import asyncio
import json

import pytest
from growthbook import GrowthBook

from bentos.contract.documents import KillBody, Revision, RoutesBody
from bentos.contract.route import HASH_ATTRIBUTE
from control_plane.growthbook import endpoints, frames
from control_plane.growthbook.endpoints import get_subscription
from gateway.routing import Routes
from tests.control_plane.away import Away
from tests.control_plane.growthbook.sdks import JavascriptSdk, PythonSdk
from tests.routing.keys import make_keys

pytestmark = pytest.mark.acceptance
COMPLIANCE = "compliance"
COUNT = 10_000
COUNTRIES = ("DE", "FR", "US")
ONLY = {"country": {"$in": ["DE", "FR"]}}
WEIGHTS = (0.05, 0.3333, 0.1, 1.0)


@pytest.fixture
def running(shop):
    shop.bootstrap()
    shop.release = shop.must(shop.started(2), "ramp", weight=0.3)
    shop.routed(lambda f: "rules" in f)
    return shop


def sdk_key(shop, kind="server", models=None):
    body = {"name": "theme", "kind": kind, "models": models or [shop.model]}
    return shop.plane.admin.post("/api/v1/sdk-keys", json=body)


def test_the_python_sdk_agrees_with_the_compiled_route(running):
    key = sdk_key(running).json()["key"]
    answer = running.plane.client(None).get(f"/api/features/{key}")
    assert answer.headers["x-sse-support"] == "enabled"
    assert answer.headers["cache-control"].startswith("public, max-age=30")
    payload = answer.json()
    assert payload["status"] == 200
    assert set(payload["features"]) == {f"model.{running.model}"}
    assert payload["dateUpdated"].endswith("Z")

    served = []
    for number in range(400):
        sdk = GrowthBook(attributes={"targeting_key": f"k{number}"}, features=payload["features"])
        served.append(sdk.get_feature_value(f"model.{running.model}", None)["serve"])
        local = GrowthBook(
            attributes={"targeting_key": f"k{number}"},
            features={f"model.{running.model}": running.feature()}
            if number < 5
            else payload["features"],
        )
        assert local.get_feature_value(f"model.{running.model}", None)["serve"] == served[-1]
    share = served.count(running.release["candidate"]) / len(served)
    assert 0.2 < share < 0.4


def test_the_same_payload_is_not_sent_twice(running):
    client = running.plane.client(None)
    key = sdk_key(running).json()["key"]
    etag = client.get(f"/api/features/{key}").headers["etag"]
    again = client.get(f"/api/features/{key}", headers={"If-None-Match": f"W/{etag}"})
    assert again.status_code == 304


def test_an_unknown_key_is_answered_as_growthbook_does(plane):
    for path in ("/api/features/sdk-x", "/sub/sdk-x", f"/api/features/sdk-{'x' * 43}"):
        answer = plane.client(None).get(path)
        assert answer.status_code == 400
        assert answer.json()["status"] == 400
        assert "error" in answer.json()


def test_a_public_key_sees_only_models_made_public(running):
    assert sdk_key(running, "public").status_code == 409
    assert sdk_key(running, "public", ["*"]).status_code == 422
    officer = running.plane.person(COMPLIANCE)
    url = f"/api/v1/models/{running.model}/visibility"
    body = {"visibility": "public", "reason": "the theme shows it"}
    assert running.author.put(url, json=body).status_code == 403
    assert officer.put(url, json=body).status_code == 200
    key = sdk_key(running, "public").json()["key"]
    client = running.plane.client(None)
    assert client.get(f"/api/features/{key}").json()["features"]
    officer.put(url, json={**body, "visibility": "server"})
    assert client.get(f"/api/features/{key}").json()["features"] == {}


def test_fraud_is_never_made_public(plane, manifest):
    trainer = plane.holder("trainer")
    assert trainer.post("/api/v1/versions", json=manifest("fraud", 1)).status_code in (200, 201)
    body = {"visibility": "public", "reason": "please"}
    answer = plane.person(COMPLIANCE).put("/api/v1/models/fraud/visibility", json=body)
    assert answer.status_code == 409


def test_a_kill_reaches_outsiders(running):
    key = sdk_key(running).json()["key"]
    stable = running.model_state()["stable"]
    body = {"model": running.model, "version": stable, "reason": "bad"}
    running.author.post("/api/v1/kills", json=body).raise_for_status()
    client = running.plane.client(None)
    forced = {"defaultValue": {"serve": stable, "shadow": []}}
    running.plane.wait(
        lambda: (
            client.get(f"/api/features/{key}").json()["features"][f"model.{running.model}"]
            == forced
        )
    )


def test_the_subscription_sends_the_payload_at_once_and_on_change(running):
    answer = sdk_key(running).json()
    with running.plane.client(None).stream("GET", f"/sub/{answer['key']}") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 5000"
        payload = features_event(lines)
        assert "rules" in payload["features"][f"model.{running.model}"]
        running.must(running.release, "promote")
        payload = features_event(lines)
        feature = payload["features"][f"model.{running.model}"]
        assert feature["defaultValue"]["serve"] == running.release["candidate"]
        # A revoked key ends its stream with the next change.
        running.plane.admin.delete(f"/api/v1/sdk-keys/{answer['id']}").raise_for_status()
    assert running.plane.client(None).get(f"/sub/{answer['key']}").status_code == 400


def features_event(lines):
    for line in lines:
        if line == "event: features":
            return json.loads(next(lines).removeprefix("data: "))
    raise AssertionError("the stream ended")


def events(plane, path, last=None):
    """Events of a stream, as (id, event, data)."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with plane.client(None).stream("GET", path, headers=headers) as stream:
        assert stream.status_code == 200
        found = {}
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(":")
                found[name] = value.removeprefix(" ")
            elif "data" in found:
                yield found.get("id"), found.get("event"), found["data"]
                found = {}


def revision(plane):
    index = plane.holder("gateway").get("/gateway/v1/documents/index").json()
    return max(tuple(header["revision"]) for header in index)


def test_an_event_is_named_by_the_revision_and_sent_again_only_when_something_changed(running):
    plane = running.plane
    path = f"/sub/{sdk_key(running).json()['key']}"
    before = revision(plane)
    state, kind, data = next(events(plane, path))
    assert kind == "features"
    assert before <= tuple(map(int, state.partition("-")[0].split("."))) <= revision(plane)
    # The same on another connection: no counter of its own.
    assert next(events(plane, path))[0].partition("-")[2] == state.partition("-")[2]
    assert next(events(plane, path, last=state)) == (None, None, "")
    running.must(running.release, "ramp", weight=0.31)
    running.routed(lambda f: f["rules"][0]["ranges"][1] == [0, 0.31])
    later, kind, news = next(events(plane, path, last=state))
    assert kind == "features"
    assert news != data
    assert later != state
    for strange in ("", "7", "1.1", "1.1-", "x" * 500, state + "0"):
        assert next(events(plane, path, last=strange))[1] == "features"


def test_a_stream_names_what_others_publish_no_news(running, open_shop):
    path = f"/sub/{sdk_key(running).json()['key']}"
    stream = events(running.plane, path)
    state = next(stream)[0]
    open_shop(running.plane).bootstrap()
    # Woken by it, and nothing to tell.
    assert next(stream) == (None, None, "")
    stream.close()
    assert next(events(running.plane, path, last=state)) == (None, None, "")


@pytest.fixture(scope="module")
def users():
    return [
        {HASH_ATTRIBUTE: key, "country": COUNTRIES[number % 3]}
        for number, key in enumerate(make_keys(COUNT))
    ]


@pytest.fixture
def sdks(shop, users):
    """Both, subscribed while all shoppers are still on the first version."""
    shop.plane.admin.put("/api/v1/attributes", json={"country": "string"}).raise_for_status()
    shop.bootstrap()
    body = {"name": "shop", "kind": "server", "models": [shop.model]}
    key = shop.plane.admin.post("/api/v1/sdk-keys", json=body).json()["key"]
    opened = []
    try:
        opened.append(PythonSdk(shop.plane.url, key, shop.model, users))
        opened.append(JavascriptSdk(shop.plane.url, key, shop.model, users))
        yield opened
    finally:
        for each in opened:
            each.close()


def gateway_s(shop, users):
    """Where the gateway sends each of them, by the documents in force."""
    routes = RoutesBody(features=shop.plane.document("routes")["features"])
    table = Routes(routes, KillBody(), Revision(1, 1), Revision(1, 1))
    found = []
    for user in users:
        attributes = {"country": user["country"]}
        got = table.assign(shop.model, user[HASH_ATTRIBUTE], attributes, None)
        name = None if got.release_id is None else f"{got.release_id}/{got.step}"
        found.append([got.version, name])
    return found


def test_sdks_follow_a_ramp_and_agree_with_the_gateway_on_every_key(shop, sdks, users):
    def agreed():
        expected = gateway_s(shop, users)
        step = {"user": users[0], "serve": expected[0][0], "name": expected[0][1]}
        for sdk in sdks:
            assert sdk.answers(step) == expected, type(sdk).__name__
        return expected

    stable = {version for version, _ in agreed()}
    assert len(stable) == 1
    release = shop.started(2, condition=ONLY)
    for weight in WEIGHTS:
        verb = "lower" if weight < release["weight"] else "ramp"
        release = shop.must(release, verb, weight=weight)
        shop.routed(lambda f, w=weight: "rules" in f and f["rules"][0]["ranges"][1] == [0, w])
        moved = [version == release["candidate"] for version, _ in agreed()]
        assert sum(moved) / COUNT == pytest.approx(weight * 2 / 3, abs=0.02)
        assert not any(moved[2::3]), "shoppers in the US take no part"
    shop.must(release, "promote")
    shop.routed(lambda f: "rules" not in f)
    assert {version for version, _ in agreed()} == {release["candidate"]}


def test_a_stream_opens_while_the_database_is_away_and_tells_nothing():
    async def follow():
        parts = Away()
        answer = await get_subscription(parts, "sdk-unknown", "")
        assert answer.status_code == 200
        told = [await anext(answer.body_iterator), await anext(answer.body_iterator)]
        parts.back = True
        parts.feed.wake()
        return told + [each async for each in answer.body_iterator]

    assert asyncio.run(follow()) == [b"retry: 5000\n\n", b"data: \n\n"]


@pytest.mark.parametrize("models", [[], [""], ["m" * 201], ["m"] * 1001])
def test_a_key_names_its_models_within_limits(plane, models):
    body = {"name": "theme", "kind": "server", "models": models}
    assert plane.admin.post("/api/v1/sdk-keys", json=body).status_code == 422


def test_what_is_too_long_for_a_frame_is_announced_until_caches_are_over(monkeypatch):
    """The Python SDK's async client passes over announcements while its cache holds."""
    payload = {"features": {"f": "x" * frames.MAX_LINE_BYTES}}
    monkeypatch.setattr(endpoints, "_load", lambda *_: ("1.1-abcd", payload))
    monkeypatch.setattr(endpoints, "KEEP_ALIVE_SECONDS", 0.01)

    async def follow(repeat_s, count):
        monkeypatch.setattr(frames, "REPEAT_S", repeat_s)
        events = endpoints._events(Away(), "sdk-x", "")
        told = [await anext(events) for _ in range(count)]
        await events.aclose()
        return told[1:]

    announced = frames.announcement("1.1-abcd")
    assert asyncio.run(follow(60, 4)) == [announced] * 3
    assert asyncio.run(follow(0, 4)) == [announced, frames.KEEP_ALIVE, frames.KEEP_ALIVE]
