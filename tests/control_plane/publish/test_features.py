import pytest

from bentos.contract.route import CanaryRule, Route, compile_feature
from control_plane.publish.features import is_canary, served_in, serving, versions_in

ONE, TWO, THREE = ({"serve": f"m:{n}", "shadow": [f"s:{n}"]} for n in (1, 2, 3))
SPLIT = {
    "id": "e",
    "variations": [ONE, TWO],
    "ranges": [[0, 0.5], [0.5, 1]],
    "meta": [{"key": "0"}],
}
FORCED = {"id": "f", "force": THREE, "coverage": 0.1}


def ours(buckets):
    canary = CanaryRule(release_id="r", step=1, candidate="m:2", buckets=buckets)
    return compile_feature(Route(model="m", stable="m:1", canary=canary))


def test_versions_are_found_in_rules_of_ours_and_of_an_upstream():
    assert served_in(ours(1)) == versions_in(ours(1)) == {"m:1", "m:2"}
    upstream = {"defaultValue": ONE, "rules": [SPLIT, FORCED]}
    assert served_in(upstream) == {"m:1", "m:2", "m:3"}
    assert versions_in(upstream) == {"m:1", "m:2", "m:3", "s:1", "s:2", "s:3"}


@pytest.mark.parametrize(
    ("feature", "sure"),
    [
        (compile_feature(Route(model="m", stable="m:1")), True),
        (ours(0), True),
        (ours(1), False),
        ({"defaultValue": ONE, "rules": [FORCED]}, False),
        ({"defaultValue": ONE, "rules": [SPLIT]}, False),
        ({"defaultValue": ONE, "rules": [SPLIT | {"ranges": [[0, 0], [0, 0], [0, 0]]}]}, False),
    ],
)
def test_all_traffic_surely_goes_to_one_version_or_it_does_not(feature, sure):
    assert serving({"model.m": feature}) == ({"m": "m:1"} if sure else {})


def test_only_a_release_s_rule_is_a_canary():
    assert is_canary(ours(1)["rules"][0])
    assert not is_canary(SPLIT)
    assert not is_canary(FORCED)
