import pytest
from growthbook import GrowthBook
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.documents import (
    DocumentName,
    KillBody,
    Revision,
    RoutesBody,
    decode_body,
    encode_body,
)
from control_plane.follow.payload import RefusedError
from control_plane.follow.translation import translate
from gateway.routing import Routes

ONE, TWO, THREE = ({"serve": f"m:{number}"} for number in (1, 2, 3))
SHARES = st.sampled_from([0, 0.1, 0.25, 0.5, 1])
HASHED = {"hashAttribute": "targeting_key"}
CONDITIONS = st.sampled_from(
    [{"country": "DE"}, {"country": {"$inGroup": "g"}}, {"$not": {"country": {"$notInGroup": "g"}}}]
)
GROUPS = {"g": ["DE", "FR"]}
FORCED = st.fixed_dictionaries(
    {"force": st.sampled_from([TWO, THREE])},
    optional={
        "condition": CONDITIONS,
        "coverage": SHARES,
        "seed": st.just("s"),
        "id": st.just("fr_1"),
    },
)
SPLITS = st.fixed_dictionaries(
    {"variations": st.just([ONE, TWO, THREE]), "key": st.just("exp/1")},
    optional={
        "condition": CONDITIONS,
        "coverage": SHARES,
        "weights": st.sampled_from([[0.2, 0.3, 0.5], [0, 0, 1], [0.1, 0.1, 0.1]]),
        "ranges": st.just([[0, 0.1], [0.2, 0.6], [0.6, 0.6]]),
        "hashVersion": st.sampled_from([1, 2]),
        "seed": st.just("t"),
        "meta": st.just([{"key": "a", "name": "A"}, {"key": "b"}, {}]),
        "namespace": st.just(["n", 0, 0.7]),
        "filters": st.just([{"seed": "f", "attribute": "targeting_key", "ranges": [[0, 0.6]]}]),
        "minBucketVersion": st.just(0),
    },
)
FEATURES = st.fixed_dictionaries(
    {
        "defaultValue": st.just(ONE),
        "rules": st.lists(st.one_of(FORCED, SPLITS).map(lambda rule: HASHED | rule), max_size=3),
    }
)


def upstream_s(feature, attributes):
    """What an SDK that reads the upstream itself would be given."""
    sdk = GrowthBook(attributes=dict(attributes), features={"model.m": feature}, savedGroups=GROUPS)
    try:
        return sdk.eval_feature("model.m").value["serve"]
    finally:
        sdk.destroy()


@given(FEATURES, st.lists(st.text("abc123", min_size=1, max_size=9), min_size=1, max_size=5))
def test_a_gateway_sends_everybody_where_the_upstream_s_own_sdk_would(feature, keys):
    translated = translate(feature, GROUPS)
    body = encode_body(RoutesBody(features={"model.m": translated}))
    read = decode_body(DocumentName.ROUTES, body)
    table = Routes(read, KillBody(), Revision(1, 1), Revision(1, 1))
    for key in keys:
        for country in ("DE", "US"):
            got = table.assign("m", key, {"country": country}, None)
            attributes = {"targeting_key": key, "country": country}
            assert got.version == upstream_s(feature, attributes)
            assert got.release_id is None


@pytest.mark.parametrize(
    ("feature", "why"),
    [
        (7, "no feature"),
        ({"rules": {"a": 1}}, "no feature"),
        ({"rules": [{"force": TWO}] * 101}, "no feature"),
        ({"rules": [{"coverage": 7}]}, r"rules\[0\].*coverage"),
        ({"rules": [{"parentConditions": [{"id": "x", "condition": {}}]}]}, "parentConditions"),
        ({"rules": [{"contextualVariations": [ONE]}]}, "contextualVariations"),
        ({"rules": [{"variations": [ONE, TWO]}]}, "hashAttribute: id"),
        ({"rules": [{"force": TWO, "coverage": 0.1}]}, "hashAttribute: id"),
        ({"rules": [HASHED | {"variations": [ONE, TWO], "weights": [1]}]}, "weights: 1 for 2"),
        (
            {
                "rules": [
                    HASHED | {"variations": [ONE], "filters": [{"seed": "s", "ranges": [[0, 1]]}]}
                ]
            },
            "filters",
        ),
        (
            {"rules": [{"force": TWO, "condition": {"c": {"$inGroup": "gone"}}}]},
            "gone did not come",
        ),
    ],
)
def test_what_gateways_could_not_evaluate_is_refused(feature, why):
    default = {"defaultValue": ONE}
    with pytest.raises(RefusedError, match=why):
        translate(default | feature if isinstance(feature, dict) else feature, {})


def test_rules_that_do_nothing_are_left_out_and_routes_are_written_out():
    feature = {"defaultValue": ONE, "rules": [{"id": "x"}, {"force": None}]}
    assert translate(feature, {}) == {"defaultValue": {"serve": "m:1", "shadow": []}}
