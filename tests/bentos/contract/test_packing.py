import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.packing import Packer
from bentos.contract.rows import row_type
from bentos.contract.signature import (
    EntitySpec,
    InputSpec,
    ModelSignature,
    OutputSpec,
    Redaction,
)

OUTPUT = OutputSpec(name="y", datatype=Datatype.FP32)


def signature(*inputs: InputSpec) -> ModelSignature:
    return ModelSignature(model="m", inputs=inputs, outputs=(OUTPUT,))


def number(name: str, **more) -> InputSpec:
    return InputSpec(name=name, datatype=Datatype.FP32, **more)


def rows_of(model_signature, *rows):
    return msgspec.convert(list(rows), list[row_type(model_signature)])


def test_order_default_and_nan_follow_the_schema():
    model = signature(number("a"), number("b", required=False), number("c", required=False))
    schema = FeatureSchema(
        model="m",
        features=(
            Feature(name="c", source="input:c", default=7.0),
            Feature(name="a", source="input:a"),
            Feature(name="b", source="input:b"),
        ),
    )
    [packed] = Packer(schema, model).pack(rows_of(model, {"a": 1.5}, {"a": 2, "b": 3, "c": 4}))
    values = struct.unpack("<6f", packed)
    assert values[:2] == (7.0, 1.5)
    assert math.isnan(values[2])
    assert values[3:] == (4.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("datatype", "code", "expected"),
    [
        (Datatype.FP16, "e", (65504.0, 2.5)),
        (Datatype.UINT8, "B", (255, 2)),
        (Datatype.INT32, "i", (2**31 - 1, 2)),
    ],
)
def test_a_feature_narrower_than_its_input_takes_what_it_can_hold(datatype, code, expected):
    model = signature(number("a"))
    feature = Feature(name="a", source="input:a", datatype=datatype, default=0)
    packer = Packer(FeatureSchema(model="m", features=(feature,)), model)
    [packed] = packer.pack(rows_of(model, {"a": 1e30}, {"a": 2.5}))
    assert struct.unpack(f"<2{code}", packed) == expected


def test_an_fp16_input_beyond_its_datatype_is_refused():
    model = signature(InputSpec(name="a", datatype=Datatype.FP16))
    with pytest.raises(msgspec.ValidationError, match="65504"):
        rows_of(model, {"a": 65505.0})


def test_values_are_clipped_only_where_the_schema_is_tighter():
    model = signature(number("a", minimum=0.0))
    schema = FeatureSchema(
        model="m", features=(Feature(name="a", source="input:a", minimum=0.0, maximum=10.0),)
    )
    [packed] = Packer(schema, model).pack(rows_of(model, {"a": 99.0}, {"a": 5.0}))
    assert struct.unpack("<2f", packed) == (10.0, 5.0)


@given(st.lists(st.integers(-(2**53) + 1, 2**53 - 1), max_size=12))
def test_lists_are_cut_and_padded(history):
    model = signature(
        InputSpec(name="history", datatype=Datatype.INT64, shape=(-1,), required=False),
        InputSpec(name="flag", datatype=Datatype.BOOL, required=False, default=False),
    )
    schema = FeatureSchema(
        model="m",
        features=(
            Feature(name="history", source="input:history", datatype=Datatype.INT64,
                    tensor="history", width=8, default=-1),
            Feature(name="flag", source="input:flag", datatype=Datatype.BOOL, tensor="flag",
                    default=0),
        ),
    )  # fmt: skip
    packed = Packer(schema, model).pack(rows_of(model, {"history": history, "flag": True}))
    assert list(struct.unpack("<8q", packed[0])) == (history + [-1] * 8)[:8]
    assert packed[1] == b"\x01"
    missing = Packer(schema, model).pack(rows_of(model, {}))
    assert struct.unpack("<8q", missing[0]) == (-1,) * 8
    assert missing[1] == b"\x00"


def test_wide_values_are_clipped_too():
    model = signature(InputSpec(name="a", datatype=Datatype.FP32, shape=(-1,)))
    schema = FeatureSchema(
        model="m", features=(Feature(name="a", source="input:a", width=3, maximum=2.0),)
    )
    [packed] = Packer(schema, model).pack(rows_of(model, {"a": [1, 9]}))
    assert struct.unpack("<3f", packed)[:2] == (1.0, 2.0)


def test_a_view_that_is_not_declared_is_refused():
    model = signature(number("a"))
    schema = FeatureSchema(model="m", features=(Feature(name="r", source="view:rfm@1:r"),))
    with pytest.raises(ContractError, match="declared view"):
        Packer(schema, model)


def about_customers() -> ModelSignature:
    ident = InputSpec(name="who", datatype=Datatype.BYTES, redaction=Redaction.DROP)
    return msgspec.structs.replace(
        signature(number("a", required=False), ident),
        entities=(EntitySpec(kind="customer", input="who"),),
    )


RFM = FeatureView(name="rfm", version=1, entity="customer")
AFFINITY = FeatureView(name="affinity", version=2, entity="customer")
VIEWING = FeatureSchema(
    model="m",
    features=(
        Feature(name="r", source="view:rfm@1:r", default=-1.0, minimum=0.0, maximum=100.0),
        Feature(name="a", source="input:a", default=5.0),
        Feature(name="top", source="view:affinity@2:top", datatype=Datatype.INT64,
                tensor="top", width=3, default=0),
        Feature(name="also", source="input:a", tensor="plain", default=0.5),
    ),
    views=(RFM, AFFINITY),
)  # fmt: skip


def test_views_are_packed_beside_inputs_in_the_schema_s_order():
    model = about_customers()
    packer = Packer(VIEWING, model)
    rows = rows_of(model, {"who": "x", "a": 2.0}, {"who": "y"})
    known = [({"r": 250}, {"top": [7, 8, 9, 10]}), ({}, {"top": [3]})]
    features, top, plain = packer.pack_known(rows, known)
    assert packer.views == (RFM, AFFINITY)
    assert struct.unpack("<4f", features) == (100.0, 2.0, -1.0, 5.0)
    assert struct.unpack("<6q", top) == (7, 8, 9, 3, 0, 0)
    assert struct.unpack("<2f", plain) == (2.0, 0.5)


def test_without_a_lookup_views_take_their_defaults():
    model = about_customers()
    packer = Packer(VIEWING, model)
    rows = rows_of(model, {"who": "x", "a": 2.0})
    assert packer.pack(rows) == packer.pack_known(rows, [({}, {})])
