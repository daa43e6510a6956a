import numpy as np
import pytest

from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.oip import Tensor
from bentos.contract.signature import InputSpec
from gateway.tensor_columns import read_column


def columns(spec_shape, shape, data):
    spec = InputSpec(name="a", datatype=Datatype.FP32, shape=spec_shape)
    tensor = Tensor(name="a", shape=shape, datatype=Datatype.FP32, data=data)
    return read_column(spec, tensor, "inputs[0]")


def column(datatype, *values):
    raw = np.array(values, ARRAY_TYPES[datatype]).tobytes()
    tensor = Tensor(name="a", shape=(len(values),), datatype=datatype, raw=memoryview(raw))
    return read_column(InputSpec(name="a", datatype=datatype), tensor, "inputs[0]")


@pytest.mark.parametrize("datatype", sorted(ARRAY_TYPES))
@pytest.mark.parametrize("end", ["min", "max"])
def test_one_value_is_read_as_it_is_among_several(datatype, end):
    kind = np.dtype(ARRAY_TYPES[datatype])
    if kind.kind == "b":
        value = end == "max"
    else:
        value = getattr(np.finfo(kind) if kind.kind == "f" else np.iinfo(kind), end)
    [alone] = column(datatype, value)
    several = column(datatype, value, value)
    assert several == [alone, alone] == [value, value]
    assert type(alone) is type(several[0])


@pytest.mark.parametrize("datatype", [Datatype.FP16, Datatype.FP32, Datatype.FP64])
def test_nan_is_missing_however_many_there_are(datatype):
    assert column(datatype, float("nan")) == [None]
    assert column(datatype, float("nan"), 1.0) == [None, 1.0]


@pytest.mark.parametrize("spec_shape", [(2, 3), (-1, 3), (-1, -1)])
@pytest.mark.parametrize(
    "data", [list(range(12)), [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]]
)
def test_rows_of_several_dimensions_come_flat_or_nested(spec_shape, data):
    rows = columns(spec_shape, (2, 2, 3), data)
    assert rows == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


def test_rows_of_several_dimensions_are_read_from_bytes():
    raw = memoryview(np.arange(6, dtype="<f4").tobytes())
    tensor = Tensor(name="a", shape=(1, 2, 3), datatype=Datatype.FP32, raw=raw)
    spec = InputSpec(name="a", datatype=Datatype.FP32, shape=(2, 3))
    assert read_column(spec, tensor, "inputs[0]") == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize(
    ("spec_shape", "shape"),
    [((2, 3), (1, 6)), ((2, 3), (1, 3, 2)), ((-1, 3), (1, 3, 2)), ((-1, -1), (1, 10**7, 0))],
)
def test_another_shape_of_rows_is_refused_before_a_list_is_made(spec_shape, shape):
    with pytest.raises(ContractError, match=r"inputs\[0\].shape: expected \[rows, "):
        columns(spec_shape, shape, [0.0] * 6 if shape[-1] else [])
