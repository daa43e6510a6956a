"""Named values to tensors, for callers who speak to a bento directly."""

import msgspec
import numpy as np
import pytest

from bentos.contract.errors import ContractError
from bentos.contract.features import INPUT_SOURCE
from bentos.fraud import schema as fraud
from bentos.instances import pack, unpack
from bentos.pricing import schema as pricing
from bentos.recommendations import schema as recommendations


def test_floats_left_out_are_missing():
    own = [each for each in fraud.SCHEMA.features if each.source_kind == INPUT_SOURCE]
    schema = msgspec.structs.replace(fraud.SCHEMA, features=tuple(own))
    feeds = pack([{"amount": 12.5, "items": 1}], fraud.SIGNATURE, schema)
    (row,) = feeds["features"]
    assert feeds["features"].dtype == np.float32
    assert row[0] == 12.5
    assert np.isnan(row[2:]).all()


def test_what_only_the_gateway_looks_up_is_refused_and_told():
    with pytest.raises(ContractError, match="looked up by the gateway") as caught:
        pack([{"amount": 12.5, "items": 1}], fraud.SIGNATURE, fraud.SCHEMA)
    assert "view:customer_orders@1:" in str(caught.value.got)


def test_a_short_list_is_padded():
    feeds = pack([{"history": [5, 6]}, {}], recommendations.SIGNATURE, recommendations.SCHEMA)
    assert feeds["history"].shape == (2, 64)
    assert feeds["history"][0, :3].tolist() == [5, 6, -1]
    assert feeds["exclude_bought"].tolist() == [[False], [False]]


def test_each_tensor_gets_its_own_inputs():
    row = {"price_min": 1, "price_max": 2, "unit_cost": 0.5}
    feeds = pack([row], pricing.SIGNATURE, pricing.SCHEMA)
    assert feeds["band"].tolist() == [[1.0, 2.0]]
    assert feeds["unit_cost"].tolist() == [[0.5]]
    assert feeds["features"].shape == (1, len(pricing.FEATURE_NAMES))


@pytest.mark.parametrize(
    ("row", "field", "expected"),
    [
        ({"items": 1}, "amount", "FP32"),
        ({"amount": "12", "items": 1}, "amount", "FP32"),
        ({"amount": True, "items": 1}, "amount", "FP32"),
        ({"amount": float("nan"), "items": 1}, "amount", "FP32"),
        ({"amount": -1, "items": 1}, "amount", "at least 0"),
        ({"amount": 1, "items": 1, "hour": 25}, "hour", "at most 24"),
        ({"amount": 1, "items": 1, "colour": 1}, "colour", "one of"),
    ],
)
def test_a_bad_value_names_its_instance_and_input(row, field, expected):
    with pytest.raises(ContractError) as caught:
        pack([{"amount": 1, "items": 1}, row], fraud.SIGNATURE, fraud.SCHEMA)
    assert caught.value.field == f"instances[1].{field}"
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    ("history", "field"),
    [(7, "history"), ([1, "2"], "history[1]"), ([-2], "history[0]"), ([1] * 65, "history")],
)
def test_a_bad_list_names_the_element(history, field):
    with pytest.raises(ContractError) as caught:
        pack([{"history": history}], recommendations.SIGNATURE, recommendations.SCHEMA)
    assert caught.value.field == f"instances[0].{field}"


def test_no_instances_are_refused():
    with pytest.raises(ContractError, match="at least one"):
        pack([], fraud.SIGNATURE, fraud.SCHEMA)


def test_answers_come_back_by_name():
    answers = {"fraud_probability": np.array([0.25, 0.5], dtype=np.float32)}
    assert unpack(answers, fraud.SIGNATURE) == [
        {"fraud_probability": 0.25},
        {"fraud_probability": 0.5},
    ]
