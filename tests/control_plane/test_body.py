"""What Python's JSON parser lets through and nobody could hash or store."""

import json

import pytest

pytestmark = pytest.mark.acceptance
JSON = {"Content-Type": "application/json"}
HALF = "\ud800"


def send(client, method, url, body):
    answer = client.request(method, url, content=json.dumps(body), headers=JSON)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"steps": [float("nan")]}, "steps[0]"),
        ({"steps": [2**60]}, "steps[0]"),
        ({"condition": {"x": float("inf")}}, "condition.x"),
        ({"condition": {"x": HALF}}, "body"),
        ({"condition": {HALF: "x"}}, "body"),
        ({"model": HALF}, "body"),
        ({"ticket": HALF}, "ticket"),
        ({"ticket": "a\x00"}, "ticket"),
        ({"condition": {"x": ["\x00"]}}, "condition.x[0]"),
    ],
)
def test_a_release_that_cannot_be_said_is_refused(shop, change, field):
    body = {"model": shop.model, "candidate": shop.register(1), "reason": "x"} | change
    answer = send(shop.author, "POST", "/api/v1/releases", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": 2**60}, "manifest.seed"),
        ({"consent_basis": HALF}, "manifest"),
        ({"consent_basis": "\x00"}, "manifest.consent_basis"),
        ({"cpu_kernels": {HALF: "x"}}, "manifest"),
        ({"budgets": {"p50_us": float("nan")}}, "manifest.budgets.p50_us"),
    ],
)
def test_a_manifest_that_cannot_be_said_is_refused(shop, manifest, change, field):
    answer = send(shop.trainer, "POST", "/api/v1/versions", manifest(shop.model) | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_the_other_doors_refuse_it_too(plane):
    for client, method, url, body in [
        (
            plane.admin,
            "POST",
            "/api/v1/sdk-keys",
            {"name": "x", "kind": "server", "models": [HALF]},
        ),
        (plane.admin, "PUT", "/api/v1/attributes", {HALF: "string"}),
        (plane.admin, "PUT", "/api/v1/attributes", {"a\u0000": "string"}),
        (plane.admin, "POST", "/api/v1/callers", {"name": "x", "models": [HALF]}),
        (plane.holder("fleet"), "POST", "/fleet/v1/report", {"fleet": "f", "versions": {HALF: {}}}),
        (
            plane.holder("fleet"),
            "POST",
            "/fleet/v1/report",
            {"fleet": "f", "versions": {"v": {"ready": False, "restarts": 2**60}}},
        ),
    ]:
        assert send(client, method, url, body).status_code == 422


@pytest.mark.parametrize("url", ["/api/v1/versions/%00", "/api/v1/releases?model=a%00"])
def test_an_address_with_a_nul_is_refused(plane, url):
    answer = plane.admin.get(url)
    assert answer.status_code == 400
    assert "U+0000" in answer.json()["detail"]


def test_a_backslash_before_u0000_is_only_text(shop):
    release = shop.draft(shop.register(1), kind="bootstrap", ticket="\\u0000")
    assert release["ticket"] == "\\u0000"


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-23T10:00:00", "x"]
)
def test_a_moment_out_of_time_is_refused(plane, moment):
    answer = send(plane.admin, "POST", "/api/v1/callers", {"name": "x", "expires_at": moment})
    assert answer.json()["errors"][0]["field"] == "expires_at"


@pytest.mark.parametrize("after", [-1, 2**63, 10**30])
def test_a_number_nothing_has_is_refused(plane, after):
    answer = plane.admin.get("/api/v1/register/events", params={"after": after})
    assert answer.status_code == 422
