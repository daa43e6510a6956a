import hashlib

import pytest

pytestmark = pytest.mark.acceptance


def test_a_caller_reaches_gateways_and_leaves_them(plane):
    body = {"name": "theme", "models": ["fraud"], "rate": 50, "expires_at": "2099-01-01T00:00:00Z"}
    caller = plane.admin.post("/api/v1/callers", json=body).json()
    prefix, identifier, secret = caller["key"].split("_", 2)
    assert (prefix, identifier) == ("sbx", caller["id"])
    entry = plane.wait(lambda: plane.document("keys")["keys"].get(caller["id"]))
    assert entry == {
        "digest": hashlib.sha256(secret.encode()).hexdigest(),
        "shop": "demo-shop",
        "name": "theme",
        "models": ["fraud"],
        "scopes": ["infer"],
        "rate": 50,
        "expires_at": "2099-01-01T00:00:00.000000Z",
    }
    url = f"/api/v1/callers/{caller['id']}"
    assert "key" not in plane.admin.get(url).json()
    assert plane.admin.delete(url).json()["revoked_at"]
    plane.wait(lambda: caller["id"] not in plane.document("keys")["keys"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"models": []}, "models"),
        ({"scopes": ["infer", "fly"]}, "scopes[1]"),
        ({"rate": 0}, "rate"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"name": ""}, "name"),
    ],
)
def test_a_bad_caller_names_its_field(plane, change, field):
    answer = plane.admin.post("/api/v1/callers", json={"name": "theme", **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_callers_key_opens_nothing_here(plane):
    key = plane.admin.post("/api/v1/callers", json={"name": "theme"}).json()["key"]
    assert plane.client(key).get("/api/v1/models").status_code == 401
