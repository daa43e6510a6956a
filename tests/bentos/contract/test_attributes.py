import math

import pytest

from bentos.contract.attributes import (
    MAX_ATTRIBUTES,
    MAX_STRING_BYTES,
    AttributeType,
    check_attributes,
)
from bentos.contract.canonical import MAX_INTEGER
from bentos.contract.errors import ContractError

DECLARED = {
    "country": AttributeType.STRING,
    "orders": AttributeType.NUMBER,
    "returning": AttributeType.BOOLEAN,
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"country": ""},
        {"country": "x" * MAX_STRING_BYTES},
        {"orders": 0, "returning": False, "country": "DE"},
        {"orders": -1.5},
        {"orders": MAX_INTEGER},
    ],
)
def test_declared_attributes_are_given_back(values):
    assert check_attributes(values, DECLARED) == values


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (None, "attributes"),
        ([], "attributes"),
        ("country", "attributes"),
        ({f"a{number}": 1 for number in range(MAX_ATTRIBUTES + 1)}, "attributes"),
        ({"city": "Bonn"}, "attributes.city"),
        ({"targeting_key": "a"}, "attributes.targeting_key"),
        ({"country": 1}, "attributes.country"),
        ({"country": None}, "attributes.country"),
        ({"country": "é" * MAX_STRING_BYTES}, "attributes.country"),
        ({"country": "\ud800"}, "attributes.country"),
        ({"orders": "8"}, "attributes.orders"),
        ({"orders": True}, "attributes.orders"),
        ({"orders": math.nan}, "attributes.orders"),
        ({"orders": math.inf}, "attributes.orders"),
        ({"orders": MAX_INTEGER + 1}, "attributes.orders"),
        ({"orders": 10**5000}, "attributes.orders"),
        ({"returning": 1}, "attributes.returning"),
        ({"returning": "true"}, "attributes.returning"),
    ],
)
def test_undeclared_and_mistyped_attributes_are_refused(values, field):
    with pytest.raises(ContractError) as caught:
        check_attributes(values, DECLARED)
    assert caught.value.field == field
