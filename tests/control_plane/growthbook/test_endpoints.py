import json

import pytest
from growthbook import GrowthBook

pytestmark = pytest.mark.acceptance
COMPLIANCE = "compliance"


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
