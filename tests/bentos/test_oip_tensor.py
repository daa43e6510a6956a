import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.oip import Tensor
from bentos.oip_tensor import from_array, to_array

DTYPES = st.sampled_from(sorted(ARRAY_TYPES)).flatmap(
    lambda kind: arrays.arrays(
        np.dtype(ARRAY_TYPES[Datatype(kind)]), arrays.array_shapes(max_dims=3, max_side=4)
    ).map(lambda array: (Datatype(kind), array))
)


def tensor(data, shape, datatype=Datatype.FP32):
    return Tensor(name="x", shape=shape, datatype=datatype, data=data)


@given(DTYPES)
def test_binary_comes_back_bit_for_bit(case):
    kind, array = case
    back = to_array(from_array("x", kind, array, binary=True), "x")
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


@given(DTYPES)
def test_json_values_come_back(case):
    kind, array = case
    back = to_array(from_array("x", kind, array, binary=False), "x")
    np.testing.assert_array_equal(back, array)


@given(st.lists(st.text(), min_size=1))
def test_strings_come_back_either_way(values):
    array = np.array([*values, None], dtype=object)[:-1]
    for binary in (True, False):
        back = to_array(from_array("x", Datatype.BYTES, array, binary=binary), "x")
        assert back.tolist() == values


def test_accepts_flat_and_nested_data():
    for data in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
        assert to_array(tensor(data, (2, 2)), "x").tolist() == [[1, 2], [3, 4]]


def test_null_is_nan_for_floats_only():
    assert np.isnan(to_array(tensor([None], (1,)), "x")[0])
    with pytest.raises(ContractError, match=r"x\.data"):
        to_array(tensor([None], (1,), Datatype.INT64), "x")


@pytest.mark.parametrize(
    ("data", "shape", "datatype"),
    [
        ([1, 2, 3], (2, 2), Datatype.FP32),
        ([[1, 2], [3]], (2, 2), Datatype.FP32),
        ([[1, 2], 3], (2, 2), Datatype.FP32),
        ([[1, 2, 3, 4]], (2, 2), Datatype.FP32),
        (["1.5"], (1,), Datatype.FP32),
        ([True], (1,), Datatype.FP32),
        ([1.5], (1,), Datatype.INT64),
        ([300], (1,), Datatype.UINT8),
        ([-1], (1,), Datatype.UINT64),
        ([1], (1,), Datatype.BOOL),
        ([1], (1,), Datatype.BYTES),
    ],
)
def test_names_the_field_of_wrong_data(data, shape, datatype):
    with pytest.raises(ContractError) as caught:
        to_array(tensor(data, shape, datatype), "inputs[0] 'x'")
    assert caught.value.field == "inputs[0] 'x'.data"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x01\x00",
        struct.pack("<I", 5) + b"abc",
        struct.pack("<I", 1) + b"\xff",
        b"",
        struct.pack("<I", 0) * 2,
    ],
)
def test_refuses_broken_strings(raw):
    broken = Tensor(name="x", shape=(1,), datatype=Datatype.BYTES, raw=raw)
    with pytest.raises(ContractError):
        to_array(broken, "x")


def test_unaligned_numbers_are_copied_into_place():
    body = memoryview(b"\x00" + np.array([1.5, 2.5], dtype=np.float32).tobytes())
    array = to_array(Tensor(name="x", shape=(2,), datatype=Datatype.FP32, raw=body[1:]), "x")
    assert array.flags.aligned
    assert array.tolist() == [1.5, 2.5]
