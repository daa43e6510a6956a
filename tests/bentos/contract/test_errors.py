from enum import StrEnum

import msgspec
import pytest

from bentos.contract.errors import ContractError, from_decoding, shorten


def test_message_names_field_expected_and_got():
    error = ContractError("inputs[0].shape", "two dimensions", [1], "Add one.")
    assert str(error) == "inputs[0].shape: expected two dimensions, got [1]. Add one."
    assert (error.field, error.expected, error.got) == ("inputs[0].shape", "two dimensions", "[1]")
    assert error.hint == "Add one."


def test_message_without_hint():
    assert str(ContractError("a", "b", None)) == "a: expected b, got None"


def test_is_a_value_error():
    assert issubclass(ContractError, ValueError)


def test_long_value_and_field_are_cut():
    error = ContractError("f" * 1000, "x", "y" * 1000)
    assert len(str(error)) < 300
    assert error.got.endswith("…")


def test_value_that_cannot_be_shown_is_named_by_its_type():
    assert shorten(10**5000) == "a int too large to show"
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert shorten(nested) == "a list too large to show"


class Colour(StrEnum):
    RED = "red"


class Inner(msgspec.Struct):
    size: int
    colour: Colour = Colour.RED


class Outer(msgspec.Struct):
    inner: list[Inner]


@pytest.mark.parametrize(
    ("text", "field", "expected", "got"),
    [
        (b'{"inner":[{"size":"x"}]}', "inner[0].size", "`int`", "`str`"),
        (b'{"inner":[{}]}', "inner[0].size", "a value", "nothing"),
        (b"{}", "inner", "a value", "nothing"),
        (b"[]", "body", "`object`", "`array`"),
        (b'{"inner":[{"size":1,"colour":"blue"}]}', "inner[0].colour", "a known value", "'blue'"),
        (b"{", "body", "an outer", "Input data was truncated"),
    ],
)
def test_decoder_errors_name_the_field(text, field, expected, got):
    with pytest.raises(msgspec.MsgspecError) as caught:
        msgspec.json.decode(text, type=Outer)
    error = from_decoding(caught.value, "body", "an outer")
    assert (error.field, error.expected, error.got) == (field, expected, got)


def test_decoder_errors_keep_a_root_that_is_not_a_request():
    with pytest.raises(msgspec.MsgspecError) as caught:
        msgspec.json.decode(b'{"inner":[{"size":"x"}]}', type=Outer)
    assert from_decoding(caught.value, "document kill", "x").field == "document kill.inner[0].size"
