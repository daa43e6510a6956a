import numpy as np
import pytest

from bentos.contract.datatype import ARRAY_TYPES, ITEM_SIZES, Datatype


def test_every_datatype_but_bytes_has_an_array_type():
    assert set(Datatype) - set(ARRAY_TYPES) == {Datatype.BYTES}
    assert set(ITEM_SIZES) == set(ARRAY_TYPES)


@pytest.mark.parametrize("kind", ARRAY_TYPES)
def test_array_types_are_numpys_and_little_endian(kind):
    dtype = np.dtype(ARRAY_TYPES[kind])
    assert dtype.itemsize == ITEM_SIZES[kind]
    assert dtype.newbyteorder("<") == dtype
    width = kind.value.lstrip("BOLUINTFP")
    assert not width or dtype.itemsize * 8 == int(width)
