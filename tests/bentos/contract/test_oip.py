"""Open Inference Protocol messages: round trips, refusals by field, nothing else escaping."""

import json
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bentos.contract.datatype import ITEM_SIZES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.oip import (
    MAX_DIMENSIONS,
    MAX_ELEMENTS,
    InferRequest,
    InferResponse,
    Tensor,
    WantedOutput,
    decode_request,
    decode_response,
    element_count,
    encode,
    wants_binary,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
PARAMETERS = st.dictionaries(TEXT.filter(lambda name: name != "binary_data_size"), JSON_VALUES)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    shape = draw(SHAPES)
    datatype = draw(st.sampled_from(list(Datatype)))
    tensor = Tensor(name=draw(TEXT), shape=shape, datatype=datatype, parameters=draw(PARAMETERS))
    if draw(st.booleans()):
        tensor.data = draw(st.lists(JSON_VALUES, max_size=4))
        return tensor
    item = ITEM_SIZES.get(datatype)
    size = draw(st.integers(0, 20)) if item is None else element_count(shape, "shape") * item
    tensor.raw = draw(st.binary(min_size=size, max_size=size))
    return tensor


@st.composite
def requests(draw: st.DrawFn) -> InferRequest:
    request = InferRequest(
        inputs=draw(st.lists(tensors(), max_size=4)), parameters=draw(PARAMETERS)
    )
    if draw(st.booleans()):
        request.id = draw(TEXT)
    if draw(st.booleans()):
        request.outputs = [WantedOutput(draw(TEXT), draw(PARAMETERS))]
    return request


def header(length: int | None) -> str | None:
    return None if length is None else str(length)


def comparable(tensor: Tensor) -> tuple[Any, ...]:
    parameters = {k: v for k, v in tensor.parameters.items() if k != "binary_data_size"}
    raw = None if tensor.raw is None else bytes(tensor.raw)
    return tensor.name, tensor.shape, tensor.datatype, parameters, tensor.data, raw


@given(requests())
def test_request_reads_back_json_and_binary(request):
    before = [comparable(tensor) for tensor in request.inputs]
    read = decode_request(*encoded(request))
    assert [comparable(tensor) for tensor in read.inputs] == before
    assert (read.id, read.parameters) == (request.id, request.parameters)
    assert read.outputs == request.outputs
    assert [comparable(tensor) for tensor in request.inputs] == before


def encoded(message: InferRequest | InferResponse) -> tuple[bytes, str | None]:
    body, length = encode(message)
    return body, header(length)


@given(st.lists(tensors(), max_size=3), PARAMETERS)
def test_answer_reads_back_and_may_be_encoded_twice(outputs, parameters):
    answer = InferResponse(
        model_name="fraud", model_version="1", outputs=outputs, parameters=parameters
    )
    assert encode(answer) == encode(answer)
    read = decode_response(*encoded(answer))
    assert list(map(comparable, read.outputs)) == list(map(comparable, outputs))
    assert (read.model_name, read.model_version) == ("fraud", "1")
    assert read.id is msgspec.UNSET


@given(requests(), st.data())
def test_cut_or_damaged_messages_raise_contract_error_only(request, data):
    body, length = encoded(request)
    damaged = bytearray(body[: data.draw(st.integers(0, len(body)))])
    if damaged:
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert_reads_or_refuses(bytes(damaged), length)


@given(st.binary(max_size=200), st.none() | TEXT | st.integers(-5, 300).map(str))
@example(b"", "0")
@example(b"{}", "9" * 5000)
@example(b"{}", "٢")
@example(b"[" * 100_000, None)
@example(b'{"inputs":[{"name":"\xff"}]}', None)
@example(b'{"inputs":[],"parameters":{"timeout":1e999}}', None)
def test_any_bytes_raise_contract_error_only(body, length):
    assert_reads_or_refuses(body, length)


def assert_reads_or_refuses(body: bytes, length: str | None) -> None:
    for decode in (decode_request, decode_response):
        try:
            decode(body, length)
        except ContractError:
            continue


def tensor_json(**changes: Any) -> bytes:
    tensor = {"name": "x", "shape": [1], "datatype": "FP32", "data": [1.0]} | changes
    kept = {name: value for name, value in tensor.items() if value is not ...}
    return json.dumps({"inputs": [kept]}).encode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"{}", "inputs"),
        (b'{"inputs":{}}', "inputs"),
        (b'{"inputs":[1]}', "inputs[0]"),
        (b'{"inputs":[],"id":7}', "id"),
        (b'{"inputs":[],"parameters":[]}', "parameters"),
        (b'{"inputs":[],"outputs":[{}]}', "outputs[0].name"),
        (tensor_json(name=...), "inputs[0].name"),
        (tensor_json(name=7), "inputs[0].name"),
        (tensor_json(shape=...), "inputs[0].shape"),
        (tensor_json(shape=["1"]), "inputs[0].shape[0]"),
        (tensor_json(shape=[1.5]), "inputs[0].shape[0]"),
        (tensor_json(shape=[-1]), "inputs[0] 'x'.shape"),
        (tensor_json(shape=[MAX_ELEMENTS, 2]), "inputs[0] 'x'.shape"),
        (tensor_json(shape=[10**15, 0], data=[]), "inputs[0] 'x'.shape"),
        (tensor_json(shape=[1] * (MAX_DIMENSIONS + 1)), "inputs[0] 'x'.shape"),
        (tensor_json(datatype="FP31"), "inputs[0].datatype"),
        (tensor_json(data=...), "inputs[0] 'x'.data"),
        (tensor_json(data=1.0), "inputs[0].data"),
        (tensor_json(data=..., raw="AAAA"), "inputs[0] 'x'.data"),
        (tensor_json(parameters={"binary_data_size": 4}), "inputs[0] 'x'.data"),
        (
            tensor_json(data=..., parameters={"binary_data_size": 5}),
            "inputs[0] 'x'.binary_data_size",
        ),
        (
            tensor_json(data=..., parameters={"binary_data_size": -4}),
            "inputs[0] 'x'.binary_data_size",
        ),
        (
            tensor_json(data=..., parameters={"binary_data_size": True}),
            "inputs[0] 'x'.binary_data_size",
        ),
        (
            tensor_json(data=..., parameters={"binary_data_size": "4"}),
            "inputs[0] 'x'.binary_data_size",
        ),
        (tensor_json(data=..., parameters={"binary_data_size": 4}), "inputs[0] 'x'"),
    ],
)
def test_malformed_request_is_refused_by_field(body, field):
    with pytest.raises(ContractError) as caught:
        decode_request(body, None)
    assert caught.value.field == field


def test_malformed_answer_is_refused_by_field():
    with pytest.raises(ContractError) as caught:
        decode_response(b'{"model_name":"fraud","outputs":[{"name":"p","shape":[]}]}', None)
    assert caught.value.field == "outputs[0].datatype"


@pytest.mark.parametrize("length", ["0", "3", "-1", "+2", " 2", "2.0", "", "x", "٢", "9" * 5000])
def test_header_length_beyond_the_body_is_refused(length):
    with pytest.raises(ContractError) as caught:
        decode_request(b"{}", length)
    assert caught.value.field == "header inference-header-content-length"


def test_missing_and_left_over_bytes_are_refused():
    request = InferRequest(
        inputs=[Tensor(name="x", shape=(2,), datatype=Datatype.FP32, raw=struct.pack("<2f", 1, 2))]
    )
    body, length = encoded(request)
    with pytest.raises(ContractError, match="1 additional bytes"):
        decode_request(body[:-1], length)
    with pytest.raises(ContractError, match="no additional input data"):
        decode_request(body + b"\0", length)


def test_long_name_does_not_fill_the_error():
    with pytest.raises(ContractError) as caught:
        decode_request(tensor_json(name="n" * 10_000, data=...), None)
    assert len(str(caught.value)) < 300


def test_caller_s_member_called_raw_is_none_of_ours():
    (tensor,) = decode_request(tensor_json(raw="AAAA"), None).inputs
    assert tensor.raw is None
    assert tensor.data == [1.0]


def test_views_of_wider_items_are_counted_in_bytes():
    raw = memoryview(struct.pack("<2f", 1, 2)).cast("f")
    body, length = encode(
        InferResponse(
            model_name="m",
            outputs=[Tensor(name="x", shape=(2,), datatype=Datatype.FP32, raw=raw)],
        )
    )
    assert length is not None
    assert body[length:] == struct.pack("<2f", 1, 2)
    assert decode_response(body, str(length)).outputs[0].parameters["binary_data_size"] == 8


def test_empty_binary_tensor_needs_no_header():
    empty = Tensor(name="x", shape=(0,), datatype=Datatype.FP32, raw=b"")
    body, length = encode(InferRequest(inputs=[empty]))
    assert length is None
    assert bytes(decode_request(body, None).inputs[0].raw) == b""


def test_json_only_message_has_no_binary_length():
    tensor = Tensor(name="x", shape=(1,), datatype=Datatype.FP32, data=[1.0])
    assert encode(InferRequest(inputs=[tensor]))[1] is None


@pytest.mark.parametrize(
    ("parameters", "outputs", "expected"),
    [
        ({}, msgspec.UNSET, False),
        ({"binary_data_output": True}, msgspec.UNSET, True),
        ({"binary_data_output": True}, [WantedOutput("p", {"binary_data": False})], False),
        ({}, [WantedOutput("p", {"binary_data": True})], True),
        ({}, [WantedOutput("other", {"binary_data": True})], False),
        ({"binary_data_output": True}, [WantedOutput("p")], True),
    ],
)
def test_binary_output_per_name_overrides_the_request(parameters, outputs, expected):
    request = InferRequest(inputs=[], parameters=parameters, outputs=outputs)
    assert wants_binary(request, "p") is expected


@pytest.mark.parametrize(
    ("shape", "count"),
    [((), 1), ((0,), 0), ((3, 4), 12), ((MAX_ELEMENTS, 1), MAX_ELEMENTS), ((MAX_ELEMENTS, 0), 0)],
)
def test_element_count(shape, count):
    assert element_count(shape, "shape") == count
