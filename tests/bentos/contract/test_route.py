"""The compile step; how the compiled routes bucket keys is tests/routing's subject."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.route import (
    BUCKETS,
    CanaryRule,
    Route,
    RouteValue,
    compile_feature,
    compile_features,
    feature_key,
    weight_to_buckets,
)

RULE = CanaryRule(release_id="rel_1", step=2, candidate="fraud:b", buckets=500)


def test_stable_alone_is_the_default_value():
    assert compile_feature(Route(model="fraud", stable="fraud:a")) == {
        "defaultValue": {"serve": "fraud:a", "shadow": []}
    }


def test_shadow_is_mirrored_and_nobody_is_exposed():
    assert compile_feature(Route(model="fraud", stable="fraud:a", shadow=("fraud:b",))) == {
        "defaultValue": {"serve": "fraud:a", "shadow": ["fraud:b"]}
    }


def test_canary_is_one_rule_with_explicit_ranges():
    compiled = compile_feature(Route(model="fraud", stable="fraud:a", canary=RULE))
    assert compiled["defaultValue"] == {"serve": "fraud:a", "shadow": []}
    assert compiled["rules"] == [
        {
            "id": "rel_1",
            "key": "rel_1",
            "seed": "rel_1",
            "hashAttribute": "targeting_key",
            "hashVersion": 2,
            "variations": [
                {"serve": "fraud:a", "shadow": []},
                {"serve": "fraud:b", "shadow": []},
            ],
            "ranges": [[0.05, 1], [0, 0.05]],
            "meta": [
                {"key": "stable", "name": "rel_1/2"},
                {"key": "canary", "name": "rel_1/2"},
            ],
        }
    ]


def test_condition_is_carried():
    rule = msgspec.structs.replace(RULE, condition={"country": "DE"})
    compiled = compile_feature(Route(model="fraud", stable="fraud:a", canary=rule))
    assert compiled["rules"][0]["condition"] == {"country": "DE"}


def test_values_read_as_route_values():
    compiled = compile_feature(Route(model="fraud", stable="fraud:a", shadow=("c",), canary=RULE))
    assert msgspec.convert(compiled["defaultValue"], RouteValue) == RouteValue("fraud:a", ("c",))
    served = [msgspec.convert(v, RouteValue).serve for v in compiled["rules"][0]["variations"]]
    assert served == ["fraud:a", "fraud:b"]


def test_features_are_named_after_their_models():
    compiled = compile_features(
        (Route(model="fraud", stable="fraud:a"), Route(model="pricing", stable="pricing:a"))
    )
    assert list(compiled) == [feature_key("fraud"), feature_key("pricing")]
    assert feature_key("fraud") == "model.fraud"


@pytest.mark.parametrize(
    ("route", "field"),
    [
        (Route(model="fraud", stable=""), "route.stable"),
        (
            Route(model="fraud", stable="a", canary=msgspec.structs.replace(RULE, buckets=-1)),
            "route.canary.buckets",
        ),
        (
            Route(model="fraud", stable="a", canary=msgspec.structs.replace(RULE, buckets=10_001)),
            "route.canary.buckets",
        ),
        (
            Route(model="fraud", stable="a", canary=msgspec.structs.replace(RULE, candidate="")),
            "route.canary.candidate",
        ),
    ],
)
def test_route_without_sense_is_refused(route, field):
    with pytest.raises(ContractError) as caught:
        compile_feature(route)
    assert caught.value.field == field


@given(st.integers(0, BUCKETS))
def test_every_bucket_count_comes_back_from_its_weight(buckets):
    assert weight_to_buckets(buckets / BUCKETS) == buckets


@pytest.mark.parametrize(
    "weight", [-0.0001, 1.0001, 0.00005, 0.33333, float("nan"), float("inf"), True, "0.5", None]
)
def test_other_weights_are_refused(weight):
    with pytest.raises(ContractError) as caught:
        weight_to_buckets(weight, "steps[0]")
    assert caught.value.field == "steps[0]"
