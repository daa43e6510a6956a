import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.features import FLOATS, Feature
from bentos.contract.view_packing import column

CODES = {"b1": "?", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i1": "b", "i2": "h",
         "i4": "i", "i8": "q", "f2": "e", "f4": "f", "f8": "d"}  # fmt: skip
NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.just(-math.inf)
)


@given(
    st.sampled_from(sorted(ARRAY_TYPES)),
    st.integers(1, 4),
    NUMBERS | st.lists(NUMBERS, max_size=6),
)
def test_whatever_a_store_holds_packs(datatype, width, value):
    feature = Feature(name="f", source="input:f", datatype=datatype, width=width, default=0)
    code = CODES[ARRAY_TYPES[datatype][1:]]
    assert len(struct.pack(f"<{width}{code}", *column(feature)(value)))


@given(st.floats(allow_nan=False) | st.integers(-(2**62), 2**62), st.booleans())
def test_values_end_within_the_feature_s_bounds(value, whole):
    datatype = Datatype.INT32 if whole else Datatype.FP64
    feature = Feature(
        name="f", source="input:f", datatype=datatype, default=0, minimum=-5.0, maximum=7.0
    )
    [packed] = column(feature)(value)
    assert -5.0 <= packed <= 7.0


@pytest.mark.parametrize("missing", [None, math.nan])
@pytest.mark.parametrize("datatype", sorted(FLOATS))
def test_missing_float_without_a_default_is_nan(datatype, missing):
    feature = Feature(name="f", source="input:f", datatype=datatype)
    assert math.isnan(column(feature)(missing)[0])


def test_nan_is_missing_for_whole_numbers():
    feature = Feature(name="f", source="input:f", datatype=Datatype.INT8, default=4, width=2)
    assert column(feature)([math.nan, 3.9]) == [4, 3]
