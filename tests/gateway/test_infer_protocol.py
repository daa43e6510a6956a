"""Open Inference Protocol v2 through the whole gateway, JSON and binary."""

import json
import struct

import pytest
import pytest_asyncio

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.signature import ModelSignature, OutputSpec
from gateway.infer_protocol import encode
from tests.gateway.installation import STABLE, route

PATH = "/v2/models/fraud/infer"


@pytest.fixture(scope="module")
def stable(versions):
    return versions.start()


@pytest_asyncio.fixture
async def ready(gateway, stable):
    gateway.publish_all({STABLE: stable}, route())
    await gateway.connected()
    return gateway


def tensor(**changes):
    return {"name": "amount", "shape": [2], "datatype": "FP32", "data": [10.0, 20.0], **changes}


async def test_json_in_json_out(ready):
    body = {
        "id": "r1",
        "parameters": {"targeting_key": "a", "attr.country": "NL"},
        "inputs": [tensor()],
    }
    response = await ready.client.post(PATH, json=body)
    answer = response.json()
    assert response.status_code == 200, answer
    assert (answer["model_name"], answer["id"]) == ("fraud", "r1")
    [output] = answer["outputs"]
    assert (output["name"], output["shape"], output["datatype"]) == (
        "fraud_probability",
        [2],
        "FP32",
    )
    assert output["data"] == pytest.approx([0.28905049, 0.31002551], abs=1e-6)
    assert answer["parameters"]["variant"] == "stable"
    assert answer["parameters"]["decision_id"] == response.headers["x-signalbox-decision-id"]


async def test_binary_both_ways_gives_the_same_numbers(ready):
    raw = struct.pack("<2f", 10.0, 20.0)
    head = {
        "parameters": {"binary_data_output": True},
        "inputs": [
            {
                "name": "amount",
                "shape": [2, 1],
                "datatype": "FP32",
                "parameters": {"binary_data_size": len(raw)},
            }
        ],
    }
    data = json.dumps(head).encode()
    headers = {"inference-header-content-length": str(len(data))}
    response = await ready.client.post(PATH, content=data + raw, headers=headers)
    length = int(response.headers["inference-header-content-length"])
    output = json.loads(response.content[:length])["outputs"][0]
    assert output["parameters"]["binary_data_size"] == 8
    values = struct.unpack("<2f", response.content[length:])
    assert values == pytest.approx([0.28905049, 0.31002551], abs=1e-6)
    assert response.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("inputs", "parameters", "fragment"),
    [
        ([tensor(name="sum")], {}, "inputs[0].name"),
        ([tensor(), tensor()], {}, "inputs[1].name"),
        ([tensor(datatype="FP64")], {}, "inputs[0].datatype: expected FP32, got 'FP64'"),
        ([tensor(shape=[3])], {}, "3 values, got 2"),
        ([tensor(shape=[-2])], {}, "dimensions of 0 or more"),
        ([tensor(shape=[2, 2], data=[1, 2, 3, 4])], {}, "inputs[0].shape"),
        ([tensor(data=["a", "b"])], {}, "float"),
        ([tensor(), {"name": "hour", "shape": [1], "datatype": "FP32", "data": [1]}], {},
         "the same first dimension"),
        ([{"name": "hour", "shape": [1], "datatype": "FP32", "data": [1]}], {},
         "$[0].amount: expected a value, got 'nothing'"),
        ([tensor()], {"timeout": "soon"}, "parameters.timeout"),
        ([tensor()], {"timeout": True}, "parameters.timeout"),
        ([tensor()], {"timeout": False}, "parameters.timeout"),
        ([tensor()], {"timeout": -1}, "parameters.timeout"),
        ([tensor()], {"timeout": 10**400}, "parameters.timeout"),
        ([tensor()], {"timeout": "1e999"}, "parameters.timeout"),
        ([tensor()], {"version": 3}, "parameters.version"),
        ([tensor()], {"targeting_key": 3}, "targeting_key"),
        ([tensor()], {"attr.vip": 1}, "attributes.vip"),
        ([], {}, "rows"),
        ([tensor(shape=[3_000_000, 0], data=[])], {}, "1 to 1024 rows"),
        ([tensor(shape=[], data=[1.0])], {}, "1 to 1024 rows"),
        ([tensor(data=[[[[1.0]]], 2.0])], {}, "float"),
    ],
)  # fmt: skip
async def test_bad_tensors_name_the_field(ready, inputs, parameters, fragment):
    response = await ready.client.post(PATH, json={"inputs": inputs, "parameters": parameters})
    assert response.status_code == 400
    assert fragment in response.json()["error"]


@pytest.mark.parametrize("microseconds", [0, "0"])
async def test_a_timeout_of_0_is_none_as_in_triton(ready, microseconds):
    body = {"inputs": [tensor()], "parameters": {"timeout": microseconds}}
    response = await ready.client.post(PATH, json=body)
    assert response.status_code == 200, response.text


async def test_an_unknown_output_is_refused(ready):
    body = {"inputs": [tensor()], "outputs": [{"name": "mood"}]}
    response = await ready.client.post(PATH, json=body)
    assert response.status_code == 400
    assert "outputs[0].name" in response.json()["error"]


async def test_metadata_names_versions_inputs_and_outputs(ready):
    answer = (await ready.client.get("/v2/models/fraud")).json()
    assert answer["versions"] == ["20260101-aaaaaaaa"]
    assert answer["inputs"][0] == {"name": "amount", "datatype": "FP32", "shape": [-1]}
    assert (await ready.client.get("/v2/models/fraud/ready")).json()["ready"] is True
    path = "/v2/models/fraud/versions/20260101-aaaaaaaa/infer"
    response = await ready.client.post(path, json={"inputs": [tensor()]})
    assert response.json()["parameters"]["reason"] == "PINNED"
    assert (await ready.client.get("/v2/models/none")).status_code == 404
    assert (await ready.client.get("/v2")).json()["name"] == "signalbox"


@pytest.mark.parametrize("binary", [True, False])
def test_texts_are_answered_in_both_forms(binary):
    signature = ModelSignature(
        model="m", inputs=(), outputs=(OutputSpec(name="label", datatype=Datatype.BYTES),)
    )
    request = oip.InferRequest(inputs=[], parameters={"binary_data_output": binary})
    facts = {"model_version": "m:1"}
    body, length = encode(signature, request, {"label": ["ok", "schön"]}, facts)
    [tensor] = oip.decode_response(body, None if length is None else str(length)).outputs
    assert (tensor.shape, tensor.datatype) == ((2,), Datatype.BYTES)
    if binary:
        assert bytes(tensor.raw) == b"\x02\0\0\0ok\x06\0\0\0sch\xc3\xb6n"
    else:
        assert tensor.data == ["ok", "schön"]


@pytest.mark.parametrize("binary", [True, False])
def test_a_row_of_several_texts_is_answered_in_both_forms(binary):
    signature = ModelSignature(
        model="m", inputs=(), outputs=(OutputSpec(name="t", datatype=Datatype.BYTES, shape=(2,)),)
    )
    request = oip.InferRequest(inputs=[], parameters={"binary_data_output": binary})
    body, length = encode(signature, request, {"t": [["a", "ü"]]}, {"model_version": "m:1"})
    [tensor] = oip.decode_response(body, None if length is None else str(length)).outputs
    assert tensor.shape == (1, 2)
    if binary:
        assert bytes(tensor.raw) == b"\x01\0\0\0a\x02\0\0\0\xc3\xbc"
    else:
        assert tensor.data == ["a", "ü"]


def test_a_row_of_several_numbers_is_answered_row_by_row():
    signature = ModelSignature(
        model="m", inputs=(), outputs=(OutputSpec(name="p", datatype=Datatype.INT64, shape=(3,)),)
    )
    body, _ = encode(
        signature,
        oip.InferRequest(inputs=[]),
        {"p": [[1, 2, 3], [4, 5, 6]]},
        {"model_version": "m:1"},
    )
    answer = json.loads(body)
    assert answer["outputs"][0]["shape"] == [2, 3]
    assert answer["outputs"][0]["data"] == [1, 2, 3, 4, 5, 6]
    assert answer["model_version"] == "1"
