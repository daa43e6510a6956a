"""Raw binary requests: one input's bytes stand for the whole request."""

import struct

import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec
from gateway.raw_request import is_raw, read_raw
from gateway.tensor_columns import read_column

OUTPUTS = (OutputSpec(name="label", datatype=Datatype.BYTES),)


def signature(*inputs):
    return ModelSignature(model="m", inputs=inputs, outputs=OUTPUTS)


def spec(name="x", datatype=Datatype.FP32, shape=(), **more):
    return InputSpec(name=name, datatype=datatype, shape=shape, **more)


def read(chosen, body):
    [tensor] = read_raw(signature(chosen), body).inputs
    return tensor.shape, read_column(chosen, tensor, "inputs[0]")


@pytest.mark.parametrize(
    ("header", "raw"),
    [("0", True), ("000", True), (None, False), ("", False), ("10", False), ("-0", False)],
)
def test_only_a_length_of_zero_is_raw(header, raw):
    assert is_raw(header) is raw


@pytest.mark.parametrize("count", [1, 5])
def test_one_variable_dimension_follows_from_the_size(count):
    body = struct.pack(f"<{count}i", *range(count))
    shape, column = read(spec(datatype=Datatype.INT32, shape=(-1,)), body)
    assert (shape, column) == ((1, count), [list(range(count))])


def test_a_fixed_dimension_beside_a_variable_one_must_divide_the_size():
    chosen = spec(shape=(-1, 2))
    shape, [row] = read(chosen, struct.pack("<6f", *range(6)))
    assert (shape, row) == ((1, 3, 2), [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    with pytest.raises(ContractError, match="a multiple of 8 bytes of FP32, got 12"):
        read(chosen, b"\0" * 12)


def test_a_text_is_sent_without_its_length():
    assert read(spec(datatype=Datatype.BYTES), "grüße".encode()) == ((1,), ["grüße"])
    assert read(spec(datatype=Datatype.BYTES, shape=(1,)), b"a") == ((1, 1), [["a"]])
    with pytest.raises(ContractError, match="UTF-8"):
        read(spec(datatype=Datatype.BYTES), b"\xff")


@pytest.mark.parametrize(
    ("inputs", "fragment"),
    [
        ((spec("a"), spec("b")), r"needs the inputs \['a', 'b'\]"),
        ((spec(shape=(-1, -1)),), "2 variable dimensions"),
        ((spec(datatype=Datatype.BYTES, shape=(-1,)),), "a list of texts"),
    ],
)
def test_models_without_a_raw_form_say_so(inputs, fragment):
    with pytest.raises(ContractError, match=fragment):
        read_raw(signature(*inputs), b"\0" * 4)


def test_optional_inputs_do_not_take_the_raw_form_away():
    both = signature(spec("a"), spec("later", required=False))
    assert read_raw(both, b"\0" * 4).inputs[0].name == "a"
    assert read_raw(signature(spec("only", required=False)), b"\0" * 4).inputs[0].name == "only"
