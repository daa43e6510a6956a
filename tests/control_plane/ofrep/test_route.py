"""Each answer of a running control plane against the protocol's shapes, statuses and headers."""

import json

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from bentos.contract.errors import ContractError
from control_plane.errors import TooLargeError, UnavailableError
from control_plane.ofrep.route import OfrepRoute
from tests.control_plane.ofrep import protocol

FLAGS = "/ofrep/v1/evaluate/flags"
acceptance = pytest.mark.acceptance


@pytest.fixture
def running(shop):
    shop.plane.admin.put("/api/v1/attributes", json={"country": "string"}).raise_for_status()
    shop.bootstrap()
    body = {"name": "shop", "kind": "server", "models": [shop.model]}
    shop.key = shop.plane.admin.post("/api/v1/sdk-keys", json=body).json()["key"]
    shop.flag = f"model.{shop.model}"
    return shop


def ask(shop, path, content, **headers):
    headers = {"Authorization": f"Bearer {shop.key}", "Content-Type": "application/json", **headers}
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return shop.plane.client(None).post(path, content=body, headers=headers)


def holds(answer, status, schema):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    jsonschema_rs.validate(schema, answer.json())
    return answer.json()


def context(**more):
    return {"context": {"targetingKey": "k", "country": "DE"} | more}


@acceptance
def test_one_flag_answers_as_the_protocol_says(running):
    path = f"{FLAGS}/{running.flag}"
    holds(ask(running, path, context()), 200, protocol.SUCCESS)
    split = running.must(running.started(2, shadow=False), "ramp", weight=0.5)
    running.routed(lambda f: "rules" in f and f["rules"][0]["ranges"][1] == [0, 0.5])
    served = {
        holds(ask(running, path, context(targetingKey=f"k{n}")), 200, protocol.SUCCESS)["variant"]
        for n in range(20)
    }
    assert served == {"stable", "canary"}
    refused = {
        b"{": "PARSE_ERROR",
        b"\xff": "PARSE_ERROR",
        b"[]": "PARSE_ERROR",
        json.dumps({"context": {}}).encode(): "TARGETING_KEY_MISSING",
        json.dumps(context(country=7)).encode(): "INVALID_CONTEXT",
        json.dumps(context(targetingKey="")).encode(): "INVALID_CONTEXT",
        b" " * 70_000: "INVALID_CONTEXT",
        b" " * (9 * 1024 * 1024): "INVALID_CONTEXT",
    }
    for body, code in refused.items():
        said = holds(ask(running, path, body), 400, protocol.FAILURE)
        assert (said["key"], said["errorCode"]) == (running.flag, code)
    said = holds(ask(running, f"{FLAGS}/nobody.s", context()), 404, protocol.NOT_FOUND)
    assert said["key"] == "nobody.s"
    holds(ask(running, f"{FLAGS}/a%00b", context()), 400, protocol.FAILURE)
    for key in ("", "Bearer", "Bearer sdk-x"):
        holds(ask(running, path, context(), Authorization=key), 401, protocol.GENERAL)
    assert split["state"] == "canary"


@acceptance
def test_all_flags_answer_as_the_protocol_says(running):
    first = ask(running, FLAGS, context())
    told = holds(first, 200, protocol.BULK)
    etag = first.headers["etag"]
    assert "etag" in first.headers["access-control-expose-headers"].lower()
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = ask(running, FLAGS, context(), **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    # Another context is another answer, and what an event told is metadata, no condition.
    assert ask(running, FLAGS, context(), **{"If-None-Match": '"other"'}).status_code == 200
    news = {"flagConfigEtag": "x", "flagConfigLastModified": "1771622898"}
    url = str(httpx.URL(FLAGS, params=news))
    assert ask(running, url, context(), **{"If-None-Match": etag}).status_code == 304
    for body in (b"{", json.dumps(context(country=7)).encode(), b" " * 70_000):
        holds(ask(running, FLAGS, body), 400, protocol.BULK_FAILURE)
    long = running.plane.client(None).get("/ofrep/v1/stream", params={"channel": "x" * 201})
    holds(long, 400, protocol.BULK_FAILURE)
    holds(ask(running, FLAGS, context(), Authorization="x"), 401, protocol.GENERAL)
    running.must(running.started(2, shadow=False), "ramp", weight=0.5)
    running.routed(lambda f: "rules" in f and f["rules"][0]["ranges"][1] == [0, 0.5])
    missing = holds(ask(running, FLAGS, {"context": {}}), 200, protocol.BULK)["flags"]
    assert [each["errorCode"] for each in missing] == ["TARGETING_KEY_MISSING"]
    [stream] = told["eventStreams"]
    with running.plane.client(None).stream("GET", stream["endpoint"]["requestUri"]) as opened:
        assert opened.headers["content-type"].startswith("text/event-stream")
        lines = opened.iter_lines()
        data = next(line for line in lines if line.startswith("data: "))
    event = json.loads(data.removeprefix("data: "))
    jsonschema_rs.validate(protocol.EVENT, event)
    assert event["type"] == "refetchEvaluation"


@pytest.mark.parametrize(
    ("error", "status", "schema"),
    [
        (ContractError("key", "text", "NUL"), 400, protocol.FAILURE),
        (TooLargeError("too large"), 400, protocol.FAILURE),
        (UnavailableError("away"), 503, protocol.GENERAL),
        (RuntimeError("postgresql://user:secret@host"), 500, protocol.GENERAL),
    ],
)
async def test_what_goes_wrong_with_us_is_said_in_the_protocol_s_words(error, status, schema):
    app = FastAPI()
    app.router.route_class = OfrepRoute

    @app.get("/{key}")
    def fail(key: str) -> None:
        raise error

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/model.m")
    said = holds(answer, status, schema)
    assert "secret" not in answer.text
    assert said.get("key", "model.m") == "model.m"
    assert (status == 503) == ("retry-after" in answer.headers)
