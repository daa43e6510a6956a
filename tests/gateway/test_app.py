"""Bad input at the gateway's door: a clear error naming field, expected and got."""

import pytest
import pytest_asyncio

from bentos.contract.documents import DocumentName
from tests.gateway.installation import OTHER_SECRET, STABLE, keys_body, route


@pytest.fixture(scope="module")
def stable(versions):
    return versions.start()


@pytest_asyncio.fixture
async def ready(gateway, stable):
    gateway.publish_all({STABLE: stable}, route())
    await gateway.connected()
    return gateway


@pytest.mark.parametrize(
    ("body", "field", "expected", "got"),
    [
        ({"instances": [{"amount": "12"}]}, "$.instances[0].amount", "float", "'12'"),
        ({"instances": [{"amount": -1.0}]}, "$.instances[0].amount", "float >= 0.0", "-1.0"),
        ({"instances": [{}]}, "$.instances[0].amount", "a value", "nothing"),
        ({"instances": [{"amount": 1.0, "x": 2}]}, "$.instances[0].x", "no such field", "2"),
        ({"instances": 3}, "$.instances", "array", "3"),
        ({}, "$.instances", "a value", "nothing"),
        ({"instances": [{"amount": 1}], "customer": None}, "$.customer", "no such field", None),
        ({"instances": [{"amount": 1}], "targeting_key": 7}, "targeting_key", "string", "7"),
        ({"instances": [{"amount": 1}], "targeting_key": ""}, "targeting_key", "non-empty", "''"),
        ({"instances": [{"amount": 1}], "targeting_key": "k" * 201}, "targeting_key", "200", "201"),
        (
            {"instances": [{"amount": 1}], "attributes": {"vip": True}},
            "attributes.vip",
            "country",
            "vip",
        ),
        (
            {"instances": [{"amount": 1}], "attributes": {"country": 3}},
            "attributes.country",
            "string",
            "3",
        ),
    ],
)
async def test_bad_bodies_name_the_field(ready, body, field, expected, got):
    response = await ready.client.post("/v1/models/fraud:predict", json=body)
    answer = response.json()
    assert response.status_code == 400
    assert answer["field"] == field
    assert expected is None or expected in answer["error"]
    assert got is None or got in answer["error"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"instances": [', b"\xff\xfe", b"null", b'{"instances":' + b"[" * 5000],
)
async def test_what_is_no_request_is_400(ready, body):
    for path in ("/v1/models/fraud:predict", "/v2/models/fraud/infer"):
        response = await ready.client.post(path, content=body)
        assert response.status_code == 400, response.text
        assert response.json()["error"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Basic abc", 401),
        ("Bearer nonsense", 401),
        (f"Bearer sbx_ffffffffffff_{OTHER_SECRET}", 401),
        (f"Bearer sbx_aaaaaaaaaaaa_{OTHER_SECRET}", 401),
        (f"Bearer sbx_cccccccccccc_{OTHER_SECRET}", 401),
        (f"Bearer sbx_dddddddddddd_{OTHER_SECRET}", 401),
        (f"Bearer sbx_bbbbbbbbbbbb_{OTHER_SECRET}", 403),
    ],
)
async def test_callers_are_known_and_allowed(ready, header, status):
    ready.client.headers.pop("authorization")
    headers = {"authorization": header} if header else {}
    response = await ready.predict(headers=headers)
    assert response.status_code == status
    assert OTHER_SECRET not in response.text


async def test_a_rate_is_kept(ready):
    headers = {"authorization": f"Bearer sbx_eeeeeeeeeeee_{OTHER_SECRET}"}
    statuses = [(await ready.predict(headers=headers)).status_code for _ in range(6)]
    assert statuses.count(429) >= 3
    assert statuses[0] == 200


async def test_limits_on_body_rows_and_timeout(ready):
    huge = b" " * 2_000_000
    assert (await ready.client.post("/v1/models/fraud:predict", content=huge)).status_code == 413
    many = await ready.predict(instances=[{"amount": 1.0}] * 1025)
    assert many.status_code == 400
    assert "rows: expected 1 to 1024, got 1025" in many.json()["error"]
    none = await ready.client.post("/v1/models/fraud:predict", json={"instances": []})
    assert none.status_code == 400
    for value in ("soon", "0", "-5", "1e9", "nan"):
        response = await ready.predict(headers={"x-request-timeout-ms": value})
        assert response.status_code == 400
        assert response.json()["field"] == "header X-Request-Timeout-Ms"


async def test_unknown_paths_models_and_methods(ready):
    assert (await ready.client.post("/v1/models/nothing:predict", json={})).status_code == 404
    assert (await ready.client.get("/v1/models/fraud:predict")).status_code == 405
    assert (await ready.client.get("/nowhere")).status_code == 404
    assert (await ready.client.post("/v2/models/a/b/c/infer", json={})).status_code == 404
    assert (await ready.client.delete("/status")).status_code == 405


async def test_metrics_count_answers_and_refusals(ready):
    await ready.predict()
    await ready.client.post("/v1/models/fraud:predict", json={})
    text = (await ready.client.get("/metrics")).text
    assert (
        'signalbox_gateway_request_seconds_count{model="fraud",reason="STATIC",status="200"'
        f',variant="stable",version="{STABLE}"}} 1.0' in text
    )
    assert 'signalbox_gateway_refused_total{path="predict",status="400"} 1.0' in text
    assert 'signalbox_gateway_document_revision{document="routes"} 5.0' in text
    status = (await ready.client.get("/status")).json()
    assert status["decisions"] == {"written": 1, "lost": 0}
    assert status["documents"]["routes"] == "1.5"


async def test_the_rate_of_a_revoked_key_is_let_go(ready):
    headers = {"authorization": f"Bearer sbx_eeeeeeeeeeee_{OTHER_SECRET}"}
    assert (await ready.predict(headers=headers)).status_code == 200
    assert [name for name, _ in ready.serving.limiter._buckets] == ["eeeeeeeeeeee"]
    body = keys_body()
    del body.keys["eeeeeeeeeeee"]
    ready.publish(DocumentName.KEYS, body)
    assert ready.serving.limiter._buckets == {}
    assert (await ready.predict(headers=headers)).status_code == 401
