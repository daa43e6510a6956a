import pytest

pytestmark = pytest.mark.acceptance
JSON = {"Content-Type": "application/json"}


def test_every_error_has_one_shape(plane):
    admin = plane.admin
    for answer, status in [
        (admin.get("/nowhere"), 404),
        (admin.get("/api/v1/releases/none"), 404),
        (admin.post("/api/v1/models"), 405),
        (admin.post("/api/v1/people", content=b"{", headers=JSON), 400),
        (admin.post("/api/v1/people", json=[]), 422),
        (admin.get("/api/v1/register/events", params={"limit": "many"}), 422),
        (plane.client(None).get("/api/v1/models"), 401),
        (admin.post("/api/v1/people", content=b" " * (9 * 1024 * 1024), headers=JSON), 413),
    ]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert set(body) == {"type", "title", "status", "detail", "errors"}
        assert body["status"] == status
        for error in body["errors"]:
            assert set(error) == {"field", "expected", "got", "hint"}
        if status == 422:
            assert body["errors"]


def test_health_needs_no_key(plane):
    client = plane.client(None)
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready").json()
    assert (ready["status"], ready["shop"]) == ("ready", "demo-shop")
