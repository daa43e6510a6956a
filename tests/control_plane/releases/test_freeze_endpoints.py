import pytest

from control_plane import clock

pytestmark = pytest.mark.acceptance


def test_a_freeze_over_http(shop):
    shop.bootstrap()
    release = shop.must(shop.draft(shop.register(2)), "submit", "approve")
    body = {"ends_at": clock.later(3600), "models": [shop.model], "reason": "Black Friday"}
    assert shop.approver.post("/api/v1/freezes", json=body).status_code == 403
    made = shop.author.post("/api/v1/freezes", json=body)
    assert made.status_code == 201, made.text
    url = f"/api/v1/freezes/{made.json()['id']}"
    assert made.json()["id"] in {
        each["id"] for each in shop.author.get("/api/v1/freezes?limit=1000").json()
    }

    refused = shop.tell(release, "start")
    assert refused.status_code == 409
    assert "Black Friday" in refused.json()["detail"]
    release = shop.must(release, "schedule", starts_at=clock.later(-1))
    assert release["frozen"]["until"] == made.json()["ends_at"]
    assert release["state"] == "scheduled"

    exemption = {"release": release["id"], "expected_revision": 1, "reason": "hot fix"}
    other = shop.plane.person("approver")
    assert other.post(f"{url}/exemptions", json=exemption).status_code == 409
    exemption["expected_revision"] = release["revision"]
    assert shop.approver.post(f"{url}/exemptions", json=exemption).status_code == 403
    assert other.post(f"{url}/exemptions", json=exemption).status_code == 201
    assert len(shop.author.get(url).json()["exemptions"]) == 1
    there = f"/api/v1/releases/{release['id']}"
    shop.plane.wait(lambda: shop.author.get(there).json()["state"] == "shadow", "the start")

    assert shop.author.request("DELETE", url, json={"reason": "x"}).status_code == 409
    assert shop.author.post(f"{url}/end", json={"reason": "x"}).status_code == 403
    assert shop.approver.post(f"{url}/end", json={"reason": "x"}).status_code == 200
