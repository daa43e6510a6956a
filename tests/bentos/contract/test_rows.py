"""A row of named values is checked against the model's signature."""

import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.rows import attribute, row_type, to_rows
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec

SIGNATURE = ModelSignature(
    model="m",
    inputs=(
        InputSpec(name="stars", datatype=Datatype.INT8, minimum=0.5, maximum=4.5),
        InputSpec(name="debt", datatype=Datatype.INT8, minimum=-4.5, maximum=-0.5, required=False),
    ),
    outputs=(OutputSpec(name="o", datatype=Datatype.FP32),),
)


@pytest.mark.parametrize(("stars", "debt"), [(1, -1), (4, -4)])
def test_whole_numbers_within_bounds_that_are_none_are_taken(stars, debt):
    [row] = to_rows([{"stars": stars, "debt": debt}], row_type(SIGNATURE))
    assert getattr(row, attribute("stars")) == stars


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"stars": 0}, "$[0].stars: expected int >= 1, got 0"),
        ({"stars": 5}, "$[0].stars: expected int <= 4, got 5"),
        ({"stars": 1, "debt": 0}, "$[0].debt: expected int <= -1, got 0"),
        ({"stars": 1, "debt": -5}, "$[0].debt: expected int >= -4, got -5"),
        ({}, "$[0].stars: expected a value, got 'nothing'"),
        ({"stars": 1, "moons": 2}, "$[0].moons: expected no such field, got 2"),
    ],
)
def test_other_rows_are_refused_by_the_field_s_name(row, error):
    with pytest.raises(ContractError) as refused:
        to_rows([row], row_type(SIGNATURE))
    assert str(refused.value) == error
