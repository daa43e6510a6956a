"""What was looked up, from a record to the packer, and to the same tensors again."""

import math
import struct

import pytest

from bentos.contract.brief_decision import columns
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.packing import Packer
from bentos.contract.rows import row_type, to_rows
from bentos.contract.signature import EntitySpec, InputSpec, ModelSignature, OutputSpec, Redaction
from bentos.decision_lake.sayable import sayable
from control_plane.decisions.looked_up import known_of
from gateway.kept_inputs import KeptInputs

VIEWS = tuple(
    FeatureView(name=name, version=1, entity="customer") for name in ("orders", "segments")
)
SCHEMA = FeatureSchema(
    model="fraud",
    features=(
        Feature(name="amount", source="input:amount"),
        Feature(name="near", source="view:segments@1:near", width=2, default=-1.0),
        Feature(name="count", source="view:orders@1:count", maximum=9.0),
        # The same field twice is kept once.
        Feature(name="again", source="view:orders@1:count", default=4.0),
    ),
    views=VIEWS,
)
SIGNATURE = ModelSignature(
    model="fraud",
    inputs=(
        InputSpec(name="amount", datatype=Datatype.FP32),
        InputSpec(
            name="customer_id", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP
        ),
    ),
    outputs=(OutputSpec(name="score", datatype=Datatype.FP32),),
    entities=(EntitySpec(kind="customer", input="customer_id"),),
)
ROWS = to_rows([{"amount": 1.1, "customer_id": "anna"}, {"amount": 2.0}], row_type(SIGNATURE))
KNOWN = ({"count": 0.1, "more": 3}, {"near": [2.5, None]}), ({}, {})


def recorded(known):
    kept = KeptInputs(SIGNATURE, SCHEMA)
    # Into the segment, out of it, and into the lake.
    return sayable(columns(kept.names, kept.of_known(ROWS, known)))


def test_a_decision_keeps_what_the_version_read_and_no_more():
    assert recorded(KNOWN) == {
        "amount": [1.1, 2.0],
        "view:segments@1:near": [[2.5, None], None],
        "view:orders@1:count": [0.1, None],
    }


@pytest.mark.parametrize(
    "value", [0.1, 3, True, None, math.nan, math.inf, -math.inf, 1e300, 2**60, 7.0000000000000001]
)
def test_packed_from_the_record_it_is_bit_for_bit_what_was_packed_then(value):
    known = (({"count": value}, {"near": [value, value, value]}), KNOWN[0])
    packer = Packer(SCHEMA, SIGNATURE)
    again, missing = known_of(SCHEMA, recorded(known), len(ROWS))
    assert packer.pack_known(ROWS, again) == packer.pack_known(ROWS, known)
    assert missing == []


def test_what_stands_in_no_record_is_named_and_takes_its_default():
    known, missing = known_of(SCHEMA, {"amount": [1.0], "view:orders@1:count": [5]}, 1)
    assert missing == ["view:segments@1:near"]
    [packed] = Packer(SCHEMA, SIGNATURE).pack_known(ROWS[:1], known)
    assert struct.unpack("<5f", packed)[1:] == (-1.0, -1.0, 5.0, 5.0)


@pytest.mark.parametrize("value", ["much", {"a": 1}, ["x"]])
def test_what_no_store_holds_is_refused_by_name(value):
    with pytest.raises(ContractError, match="view:orders@1:count"):
        known_of(SCHEMA, {"view:orders@1:count": [value], "view:segments@1:near": [None]}, 1)
