import asyncio
import json
import time
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from bentos import oip_app
from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.oip import InferRequest, Tensor, WantedOutput
from bentos.oip_app import OipApp, default_feeds
from bentos.onnx_model import OnnxModel

VERSION = "20260101-0000000a"
SCHEMA = FeatureSchema(
    model="sums",
    features=(
        Feature(name="a", source="input:a"),
        Feature(name="bc", source="input:bc", width=2, default=1),
        Feature(
            name="label", source="input:label", tensor="label", datatype=Datatype.INT64, default=3
        ),
    ),
)
JSON_BODY = {
    "inputs": [
        {"name": "features", "shape": [2, 3], "datatype": "FP32", "data": [1, 2, 3, 9, 5, 6]},
        {"name": "label", "shape": [2, 1], "datatype": "INT64", "data": [[7], [8]]},
    ]
}


@pytest.fixture(scope="module")
def app(graph_path):
    app = OipApp(SCHEMA)
    app.bind(OnnxModel(graph_path), VERSION)
    return app


async def call(app, path, body=b"", headers=(), method=None, chunk=None):
    """One ASGI request; returns status, headers, body."""
    chunk = chunk or max(len(body), 1)
    parts = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "path": path,
        "method": method or ("POST" if body else "GET"),
        "headers": list(headers),
    }
    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    content = b"".join(message["body"] for message in sent[1:])
    assert int(answered["content-length"]) == len(content)
    return sent[0]["status"], answered, content


def binary_body(request):
    body, length = oip.encode(request)
    return body, [(b"inference-header-content-length", str(length).encode())]


def binary_request(**more):
    features = np.array([[1, 2, 3], [9, 5, 6]], dtype=np.float32)
    labels = np.array([[7], [8]], dtype=np.int64)
    return InferRequest(
        inputs=[
            Tensor(name="features", shape=(2, 3), datatype=Datatype.FP32, raw=features.tobytes()),
            Tensor(name="label", shape=(2, 1), datatype=Datatype.INT64, raw=labels.tobytes()),
        ],
        **more,
    )


async def infer(app, body, headers=()):
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return await call(app, "/v2/models/sums/infer", raw, headers)


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
async def test_server_metadata_with_and_without_slash(app, path):
    status, _, body = await call(app, path)
    assert status == 200
    assert msgspec.json.decode(body)["extensions"] == ["binary_tensor_data"]


async def test_model_metadata(app):
    status, _, body = await call(app, f"/v2/models/sums/versions/{VERSION}")
    assert status == 200
    assert msgspec.json.decode(body) == {
        "name": "sums",
        "versions": [VERSION],
        "platform": "onnx_onnxv1",
        "inputs": [
            {"name": "features", "datatype": "FP32", "shape": [-1, 3]},
            {"name": "label", "datatype": "INT64", "shape": [-1, 1]},
        ],
        "outputs": [
            {"name": "total", "datatype": "FP32", "shape": [-1]},
            {"name": "best", "datatype": "INT64", "shape": [-1]},
            {"name": "echo", "datatype": "INT64", "shape": [-1, 1]},
        ],
    }


async def test_json_in_json_out(app):
    status, headers, body = await infer(app, {**JSON_BODY, "id": "q1"})
    answer = msgspec.json.decode(body)
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert answer["id"] == "q1"
    assert answer["model_version"] == VERSION
    assert [output["data"] for output in answer["outputs"]] == [[6.0, 20.0], [2, 0], [7, 8]]


async def test_binary_in_binary_out(app):
    body, headers = binary_body(binary_request(parameters={"binary_data_output": True}))
    status, answered, content = await infer(app, body, headers)
    answer = oip.decode_response(content, answered["inference-header-content-length"])
    assert status == 200
    assert answered["content-type"] == "application/octet-stream"
    assert answer.id is msgspec.UNSET
    assert np.frombuffer(answer.outputs[0].raw, "<f4").tolist() == [6.0, 20.0]
    assert np.frombuffer(answer.outputs[2].raw, "<i8").tolist() == [7, 8]


async def test_an_output_overrides_the_whole_requests_form(app):
    wanted = [WantedOutput("best"), WantedOutput("total", {"binary_data": False})]
    request = binary_request(outputs=wanted, parameters={"binary_data_output": True})
    status, answered, content = await infer(app, *binary_body(request))
    answer = oip.decode_response(content, answered["inference-header-content-length"])
    assert status == 200
    assert [output.name for output in answer.outputs] == ["best", "total"]
    assert answer.outputs[0].raw is not None
    assert answer.outputs[1].data == [6.0, 20.0]


async def test_no_rows_have_no_binary_part(app):
    body = {
        "parameters": {"binary_data_output": True},
        "inputs": [
            {"name": "features", "shape": [0, 3], "datatype": "FP32", "data": []},
            {"name": "label", "shape": [0, 1], "datatype": "INT64", "data": []},
        ],
    }
    status, headers, content = await infer(app, body)
    assert status == 200
    assert "inference-header-content-length" not in headers
    sizes = [o["parameters"] for o in msgspec.json.decode(content)["outputs"]]
    assert sizes == [{"binary_data_size": 0}] * 3


async def test_a_body_in_many_pieces(app):
    body, headers = binary_body(binary_request())
    status, _, _ = await call(app, "/v2/models/sums/infer", body, headers, chunk=1)
    assert status == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"inputs": JSON_BODY["inputs"][:1]}, "inputs.label"),
        ({"inputs": [*JSON_BODY["inputs"], JSON_BODY["inputs"][0]]}, "inputs[2]"),
        ({"outputs": [{"name": "nope"}]}, "outputs[0].name"),
        ({"inputs": "features"}, "inputs"),
    ],
)
async def test_bad_requests_name_the_field(app, change, named):
    status, _, content = await infer(app, {**JSON_BODY, **change})
    assert status == 400
    assert msgspec.json.decode(content)["error"].startswith(named)


@pytest.mark.parametrize(
    "header", ["0", "-1", "x", "99999999"], ids=["zero", "negative", "word", "beyond"]
)
async def test_bad_header_lengths(app, header):
    body, _ = binary_body(binary_request())
    headers = [(b"inference-header-content-length", header.encode())]
    status, _, content = await infer(app, body, headers)
    assert status == 400
    assert "inference-header-content-length" in msgspec.json.decode(content)["error"]


async def test_compressed_bodies_are_refused(app):
    status, _, content = await infer(app, JSON_BODY, [(b"content-encoding", b"gzip")])
    assert status == 400
    assert "content-encoding" in msgspec.json.decode(content)["error"]


async def test_large_bodies_are_refused_with_and_without_a_length(app, monkeypatch):
    monkeypatch.setattr(oip_app, "MAX_BODY_BYTES", 100)
    body = msgspec.json.encode(JSON_BODY)
    declared = [(b"content-length", str(len(body)).encode())]
    assert (await infer(app, body, declared))[0] == 413
    assert (await call(app, "/v2/models/sums/infer", body, chunk=60))[0] == 413


async def test_unknown_paths_and_methods(app):
    for path in ("/v2/models/other", "/v2/models/other/infer", "/v2/nothing"):
        status, _, body = await call(app, path, method="POST" if "infer" in path else "GET")
        assert status == 404
        assert isinstance(msgspec.json.decode(body)["error"], str)
    status, headers, _ = await call(app, "/v2/models/sums/infer")
    assert (status, headers["allow"]) == (405, "POST")
    status, headers, _ = await call(app, "/v2/models/sums", b"{}")
    assert (status, headers["allow"]) == (405, "GET")


async def test_unbound_is_live_but_not_ready():
    app = OipApp(SCHEMA)
    assert (await call(app, "/v2/health/live"))[0] == 200
    assert (await call(app, "/v2/health/ready"))[0] == 503
    assert (await call(app, "/v2/models/sums/ready"))[0] == 503
    assert (await infer(app, JSON_BODY))[0] == 503


async def test_bound_is_ready(app):
    assert (await call(app, "/v2/health/ready"))[0] == 200
    assert (await call(app, "/v2/models/sums/ready"))[0] == 200


async def test_a_failing_graph_is_a_plain_500(graph_path, caplog):
    app = OipApp(SCHEMA)
    app.bind(OnnxModel(graph_path), VERSION)

    def broken(feeds):
        raise RuntimeError("out of memory at 0x1")

    app.model.run = broken
    status, _, body = await infer(app, JSON_BODY)
    assert (status, msgspec.json.decode(body)) == (500, {"error": "inference failed"})
    assert "out of memory" in caplog.text


def test_refuses_a_graph_the_schema_does_not_fit(graph_path):
    other = FeatureSchema(model="sums", features=SCHEMA.features[:2])
    with pytest.raises(ContractError, match="ONNX inputs of sums"):
        OipApp(other).bind(OnnxModel(graph_path), VERSION)


def test_default_feeds_are_the_schemas_defaults():
    feeds = default_feeds(SCHEMA, 2)
    np.testing.assert_array_equal(feeds["features"], np.float32([[np.nan, 1, 1]] * 2))
    np.testing.assert_array_equal(feeds["label"], [[3], [3]])
    assert feeds["label"].dtype == np.int64


def timed(timeout):
    return msgspec.json.encode({**JSON_BODY, "parameters": {"timeout": timeout}})


def test_a_request_past_its_timeout_is_dropped_before_inference(app, monkeypatch):
    def never(feeds):
        raise AssertionError("inference ran")

    monkeypatch.setattr(app.model, "run", never)
    arrived = time.monotonic() - 1.0
    status, body, _ = app.answer(timed(900_000), None, arrived)
    assert status == 504
    assert "parameters.timeout: expected inference within 900000 µs" in json.loads(body)["error"]


@pytest.mark.parametrize("timeout", [60_000_000, 0])
def test_a_request_within_its_timeout_or_without_one_is_answered(app, timeout):
    assert app.answer(timed(timeout), None, time.monotonic() - 1.0)[0] == 200
    assert app.answer(timed(timeout), None)[0] == 200


@pytest.mark.parametrize("timeout", [-1, 1.5, "soon", True, None])
def test_a_timeout_that_is_no_number_of_microseconds_is_refused(app, timeout):
    status, body, _ = app.answer(timed(timeout), None)
    assert status == 400
    assert "parameters.timeout: expected microseconds" in json.loads(body)["error"]


async def test_a_body_that_dawdled_past_its_timeout_is_dropped(app):
    body = timed(1)
    status, _, _ = await call(app, "/v2/models/sums/infer", body, chunk=16)
    assert status == 504


async def test_requests_that_lay_ready_together_waited_while_the_first_one_ran(app, monkeypatch):
    run, now = app.model.run, time.monotonic()

    def slow(feeds):
        nonlocal now
        now += 0.02
        return run(feeds)

    monkeypatch.setattr(app.model, "run", slow)
    monkeypatch.setattr("bentos.oip_timeout.time", SimpleNamespace(monotonic=lambda: now))
    statuses = [app.answer(timed(10_000), None)[0] for _ in range(2)]
    await asyncio.sleep(0)
    assert [*statuses, app.answer(timed(10_000), None)[0]] == [200, 504, 200]
