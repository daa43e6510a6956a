"""What the control plane's answers mean to a night: go on, try again, give up."""

import httpx
import pytest

from training.nightly.desk import Desk
from training.nightly.errors import DeskError, PassingError


def desk(*responses, seen=None):
    left = list(responses)

    def answer(request):
        if seen is not None:
            seen.append(request)
        response = left.pop(0)
        if isinstance(response, Exception):
            raise response
        return response

    return Desk("http://plane.test/", "sbx_secret", httpx.MockTransport(answer))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_said_to(status):
    with desk(httpx.Response(status, headers={"retry-after": "7"})) as plane:
        with pytest.raises(PassingError) as caught:
            plane.get("/api/v1/models")
        assert caught.value.after_s == 7.0
        assert "sbx_secret" not in str(caught.value)


def test_no_connection_may_pass():
    with desk(httpx.ConnectError("refused")) as plane, pytest.raises(PassingError, match="refused"):
        plane.get("/api/v1/models")


def test_a_keyed_request_under_way_may_pass_and_other_conflicts_not():
    busy = httpx.Response(409, headers={"retry-after": "1"})
    with desk(busy, httpx.Response(409, text="another manifest")) as plane:
        with pytest.raises(PassingError):
            plane.post("/api/v1/versions", {}, "key")
        with pytest.raises(DeskError, match="another manifest"):
            plane.post("/api/v1/versions", {}, "key")


@pytest.mark.parametrize("status", [400, 401, 403, 422, 428])
def test_a_refusal_is_final_and_in_its_own_words(status):
    plane = desk(httpx.Response(status, text="this takes releases:write"))
    with plane, pytest.raises(DeskError, match=f"{status} this takes releases:write"):
        plane.post("/api/v1/releases", {}, "key")


def test_nothing_there_is_none():
    with desk(httpx.Response(404)) as plane:
        assert plane.get("/api/v1/versions/x") is None


def test_an_endless_wait_is_not_taken_on():
    with desk(httpx.Response(503, headers={"retry-after": "99999"})) as plane:
        with pytest.raises(PassingError) as caught:
            plane.get("/api/v1/models")
        assert caught.value.after_s == 120.0


def test_writes_carry_key_and_revision():
    seen = []
    with desk(httpx.Response(200, json={}), seen=seen) as plane:
        plane.patch("/api/v1/releases/1", {"candidate": "x"}, "nightly-1", 7)
    headers = seen[0].headers
    assert headers["idempotency-key"] == '"nightly-1"'
    assert headers["if-match"] == '"7"'
    assert headers["authorization"] == "Bearer sbx_secret"
