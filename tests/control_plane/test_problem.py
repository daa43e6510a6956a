import json

import pytest
from starlette.requests import Request

from control_plane.envelope import MAX_BODY_BYTES
from control_plane.problem import crash

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
    assert ready["checks"] == {"database": None, "publisher": None}
    assert set(ready["warnings"]) == {"checkpointer", "checkpoint_copies", "upkeep", "webhooks"}


def pieces():
    for _ in range(MAX_BODY_BYTES // 1024**2 + 1):
        yield b" " * 1024**2


@pytest.mark.parametrize(
    "content", [pieces(), b" " * (MAX_BODY_BYTES + 1)], ids=["chunked", "content-length"]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", None])
def test_a_body_beyond_the_limit_is_413(plane, content, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    content = pieces() if not isinstance(content, bytes) else content
    answer = plane.admin.post("/api/v1/versions", content=content, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_at_the_limit_is_read(plane):
    body = b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"'
    answer = plane.holder("trainer").post("/api/v1/versions", content=body, headers=JSON)
    assert answer.status_code == 422
    assert len(answer.content) < 1000


@pytest.mark.parametrize("state", [{}, {"request_id": "r1"}])
def test_a_crash_before_any_route_matched_is_answered(state):
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "state": state}
    answer = crash(Request(scope), RuntimeError("broken"))
    assert (answer.status_code, json.loads(answer.body)["status"]) == (500, 500)
    assert answer.headers.get("x-request-id") == state.get("request_id")
    assert b"broken" not in answer.body
