from typing import Any

import msgspec
import pytest

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import (
    InputSpec,
    ModelSignature,
    OutputSpec,
    check_extends,
    check_signature,
)

VALUE = InputSpec(name="value", datatype=Datatype.FP64, minimum=0.0)
LOW = InputSpec(name="low", datatype=Datatype.FP64)
HIGH = InputSpec(name="high", datatype=Datatype.FP64)
PRICE = OutputSpec(name="price", datatype=Datatype.FP64, band=("low", "high"))
OPTIONAL = InputSpec(name="extra", datatype=Datatype.FP32, required=False, default=0.0)


def signature(**changes: Any) -> ModelSignature:
    members = {"model": "pricing", "inputs": (VALUE, LOW, HIGH), "outputs": (PRICE,)} | changes
    return ModelSignature(**members)


def test_sound_signature_passes():
    check_signature(signature())


def replaced(spec, **changes):
    return msgspec.structs.replace(spec, **changes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"inputs": ()}, "signature.inputs"),
        ({"outputs": ()}, "signature.outputs"),
        ({"inputs": (VALUE, LOW, HIGH, VALUE)}, "signature.inputs.value"),
        ({"inputs": (VALUE, LOW, HIGH, replaced(VALUE, name=""))}, "signature.inputs."),
        ({"outputs": (PRICE, PRICE)}, "signature.outputs.price"),
        ({"outputs": (replaced(PRICE, band=("low", "top")),)}, "signature.outputs.price.band"),
        ({"inputs": (LOW, HIGH, replaced(VALUE, shape=(0,)))}, "signature.inputs.value.shape"),
        ({"inputs": (LOW, HIGH, replaced(VALUE, shape=(-2,)))}, "signature.inputs.value.shape"),
        ({"outputs": (replaced(PRICE, shape=(-1,)),)}, "signature.outputs.price.shape"),
        ({"inputs": (LOW, HIGH, replaced(VALUE, maximum=-1.0))}, "signature.inputs.value.minimum"),
        ({"deadline_ms": 0}, "signature.deadline_ms"),
    ],
)
def test_unsound_signature_is_refused(changes, field):
    with pytest.raises(ContractError) as caught:
        check_signature(signature(**changes))
    assert caught.value.field == field


def test_list_of_any_length_is_an_input_only():
    check_signature(signature(inputs=(VALUE, LOW, HIGH, replaced(OPTIONAL, shape=(-1,)))))


def test_same_signature_extends_itself():
    check_extends(signature(), signature())


def test_new_optional_input_and_other_order_extend():
    check_extends(signature(inputs=(HIGH, OPTIONAL, LOW, VALUE)), signature())


def test_signature_that_went_over_the_wire_extends_the_one_in_code():
    in_code = signature(inputs=(VALUE, LOW, HIGH, replaced(OPTIONAL, default=(), minimum=0)))
    read = msgspec.json.decode(
        canonical.canonical_json(canonical.as_builtins(in_code)), type=ModelSignature
    )
    check_extends(read, in_code)
    check_extends(in_code, read)
    assert read.digest() == in_code.digest()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": "fraud"}, "signature.model"),
        ({"inputs": (VALUE, LOW)}, "signature.inputs.high"),
        (
            {"inputs": (VALUE, LOW, HIGH, replaced(OPTIONAL, required=True))},
            "signature.inputs.extra",
        ),
        ({"inputs": (replaced(VALUE, minimum=1.0), LOW, HIGH)}, "signature.inputs.value"),
        (
            {"inputs": (replaced(VALUE, datatype=Datatype.FP32), LOW, HIGH)},
            "signature.inputs.value",
        ),
        ({"outputs": (PRICE, replaced(PRICE, name="other"))}, "signature.outputs"),
        ({"outputs": (replaced(PRICE, band=None),)}, "signature.outputs"),
    ],
)
def test_anything_else_is_a_new_model(changes, field):
    with pytest.raises(ContractError) as caught:
        check_extends(signature(**changes), signature())
    assert caught.value.field == field


def test_digest_follows_every_member():
    digests = {
        signature().digest(),
        signature(deadline_ms=100).digest(),
        signature(inputs=(VALUE, LOW, HIGH, OPTIONAL)).digest(),
        signature(inputs=(LOW, VALUE, HIGH)).digest(),
    }
    assert len(digests) == 4


def test_a_member_of_a_later_release_is_read_over():
    spec = msgspec.convert({"name": "a", "datatype": "FP32", "colour": 1}, InputSpec)
    assert spec == InputSpec(name="a", datatype=Datatype.FP32)
