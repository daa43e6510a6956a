import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.features import Feature, FeatureSchema, check_schema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec

SIGNATURE = ModelSignature(
    model="fraud",
    inputs=(InputSpec(name="value", datatype=Datatype.FP64),),
    outputs=(OutputSpec(name="probability", datatype=Datatype.FP32),),
)
VALUE = Feature(name="value", source="input:value")
VIEW = Feature(name="orders", source="view:shopper@3:orders_30d")
IDS = Feature(
    name="ids", source="input:value", datatype=Datatype.INT64, tensor="ids", width=8, default=-1
)


def test_source_is_taken_apart():
    assert (VALUE.source_kind, VALUE.source_name) == ("input", "value")
    assert (VIEW.source_kind, VIEW.source_name) == ("view", "shopper@3:orders_30d")


def test_tensors_come_in_order_of_first_appearance_with_their_width():
    wide = Feature(name="wide", source="input:value", width=3)
    blocks = FeatureSchema(model="fraud", features=(IDS, VALUE, wide, VIEW)).tensors()
    assert [(block.name, block.width, block.datatype) for block in blocks] == [
        ("ids", 8, Datatype.INT64),
        ("features", 5, Datatype.FP32),
    ]
    assert blocks[1].features == (VALUE, wide, VIEW)


@given(st.permutations([VALUE, VIEW, IDS]))
def test_digest_follows_the_order(features):
    same = tuple(features) == (VALUE, VIEW, IDS)
    agreed = FeatureSchema(model="fraud", features=(VALUE, VIEW, IDS)).digest()
    assert (FeatureSchema(model="fraud", features=tuple(features)).digest() == agreed) == same


def test_digest_survives_the_wire():
    schema = FeatureSchema(model="fraud", features=(VALUE, VIEW, IDS))
    data = canonical.canonical_json(canonical.as_builtins(schema))
    assert msgspec.json.decode(data, type=FeatureSchema).digest() == schema.digest()


@pytest.mark.parametrize("kind", [Datatype.FP16, Datatype.FP32, Datatype.FP64])
def test_sound_schema_passes_and_a_missing_float_may_be_nan(kind):
    feature = Feature(name="value", source="input:value", datatype=kind, tensor="other")
    check_schema(FeatureSchema(model="fraud", features=(VIEW, IDS, feature)), SIGNATURE)


def changed(**changes):
    return msgspec.structs.replace(VALUE, **changes)


@pytest.mark.parametrize(
    ("features", "field"),
    [
        ((), "schema.features"),
        ((VALUE, VALUE), "schema.features.value"),
        ((changed(source="input:other"),), "schema.features.value.source"),
        ((changed(source="value"),), "schema.features.value.source"),
        ((changed(source="table:value"),), "schema.features.value.source"),
        ((changed(source="view:shopper:orders"),), "schema.features.value.source"),
        ((changed(source="view:shopper@3"),), "schema.features.value.source"),
        ((changed(datatype=Datatype.BYTES, default=0),), "schema.features.value.datatype"),
        ((changed(width=0),), "schema.features.value.width"),
        ((changed(datatype=Datatype.INT64),), "schema.features.value.default"),
        ((changed(minimum=2.0, maximum=1.0),), "schema.features.value.minimum"),
        ((VIEW, changed(datatype=Datatype.FP64)), "schema tensor features"),
    ],
)
def test_schema_that_cannot_be_packed_is_refused(features, field):
    with pytest.raises(ContractError) as caught:
        check_schema(FeatureSchema(model="fraud", features=features), SIGNATURE)
    assert caught.value.field == field


def test_schema_of_another_model_is_refused():
    with pytest.raises(ContractError, match=r"schema\.model"):
        check_schema(FeatureSchema(model="pricing", features=(VALUE,)), SIGNATURE)
