from typing import Any

import msgspec
import pytest

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import (
    EntitySpec,
    InputSpec,
    ModelSignature,
    OutputSpec,
    Redaction,
    check_extends,
    check_signature,
    entities_of,
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
        (
            {"inputs": (VALUE, LOW, HIGH, replaced(OPTIONAL, name="view:a@1:b"))},
            "signature.inputs.view:a@1:b",
        ),
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


CUSTOMER_ID = InputSpec(
    name="customer_id", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP
)
CUSTOMER = EntitySpec(kind="customer", input="customer_id")


def about_customers(spec=CUSTOMER_ID, *entities):
    return signature(inputs=(VALUE, LOW, HIGH, spec), entities=entities or (CUSTOMER,))


def test_entity_is_named_by_an_input_that_decisions_do_not_keep():
    check_signature(about_customers())
    assert entities_of(about_customers()) == (CUSTOMER,)
    assert entities_of(signature()) == ()


@pytest.mark.parametrize("datatype", [Datatype.INT64, Datatype.UINT32, Datatype.BYTES])
def test_public_id_may_stand_beside_its_pseudonym(datatype):
    check_signature(
        about_customers(replaced(CUSTOMER_ID, datatype=datatype, redaction=Redaction.PUBLIC))
    )


@pytest.mark.parametrize(
    ("spec", "entities", "field"),
    [
        (replaced(CUSTOMER_ID, redaction=Redaction.PERSONAL), (), "customer.input"),
        (replaced(CUSTOMER_ID, datatype=Datatype.FP32), (), "customer.input"),
        (replaced(CUSTOMER_ID, shape=(-1,)), (), "customer.input"),
        (CUSTOMER_ID, (EntitySpec(kind="customer", input="other"),), "customer.input"),
        (CUSTOMER_ID, (CUSTOMER, CUSTOMER), "customer"),
        (CUSTOMER_ID, (EntitySpec(kind="a:b", input="customer_id"),), "a:b"),
    ],
)
def test_entity_nobody_could_look_up_is_refused(spec, entities, field):
    with pytest.raises(ContractError) as caught:
        check_signature(about_customers(spec, *entities))
    assert caught.value.field == f"signature.entities.{field}"


def test_signature_without_entities_keeps_its_digest_whatever_reads_it():
    data = canonical.canonical_json(canonical.as_builtins(signature()))
    assert b"entities" not in data
    assert msgspec.json.decode(data, type=ModelSignature).digest() == signature().digest()


def test_entities_may_be_added_with_an_optional_input_and_never_taken_away():
    check_extends(about_customers(), signature())
    with pytest.raises(ContractError, match="entities"):
        check_extends(signature(inputs=(VALUE, LOW, HIGH, CUSTOMER_ID)), about_customers())
