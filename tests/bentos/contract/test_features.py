import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema, check_schema, check_views
from bentos.contract.signature import (
    EntitySpec,
    InputSpec,
    ModelSignature,
    OutputSpec,
    Redaction,
)

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


SHOPPER = FeatureView(name="shopper", version=3, entity="shopper", ttl_s=60.0)
WITH_SHOPPER = msgspec.structs.replace(
    SIGNATURE,
    inputs=(
        *SIGNATURE.inputs,
        InputSpec(name="shopper_id", datatype=Datatype.BYTES, redaction=Redaction.DROP),
    ),
    entities=(EntitySpec(kind="shopper", input="shopper_id"),),
)


def viewing(*views):
    return FeatureSchema(model="fraud", features=(VALUE, VIEW), views=views)


def test_declared_views_pass_and_are_part_of_the_digest():
    check_schema(viewing(SHOPPER), WITH_SHOPPER)
    check_views(viewing(SHOPPER), WITH_SHOPPER)
    later = msgspec.structs.replace(SHOPPER, ttl_s=120.0)
    assert viewing(SHOPPER).digest() != viewing(later).digest()
    assert VIEW.view_field == ("shopper@3", "orders_30d")


@pytest.mark.parametrize(
    ("views", "field"),
    [
        ((), "schema.features.orders.source"),
        ((SHOPPER, SHOPPER), "schema.views.shopper@3"),
        ((msgspec.structs.replace(SHOPPER, version=2),), "schema.features.orders.source"),
        ((msgspec.structs.replace(SHOPPER, entity="basket"),), "schema.views.shopper@3.entity"),
        ((msgspec.structs.replace(SHOPPER, ttl_s=0.0),), "schema.views.shopper@3.ttl_s"),
    ],
)
def test_view_that_cannot_be_looked_up_is_refused(views, field):
    with pytest.raises(ContractError) as caught:
        check_schema(viewing(*views), WITH_SHOPPER)
    assert caught.value.field == field


def test_schema_that_never_declared_its_views_reads_but_cannot_be_looked_up():
    old = FeatureSchema(model="fraud", features=(VALUE, VIEW))
    check_schema(old, SIGNATURE)
    with pytest.raises(ContractError, match="declared view"):
        check_views(old, WITH_SHOPPER)


def test_schema_of_another_model_is_refused():
    with pytest.raises(ContractError, match=r"schema\.model"):
        check_schema(FeatureSchema(model="pricing", features=(VALUE,)), SIGNATURE)
