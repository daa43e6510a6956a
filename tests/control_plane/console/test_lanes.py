"""Shares read back from what is published."""

from bentos.contract.documents import KillBody, KillEntry
from bentos.contract.route import CanaryRule, Route, compile_feature
from control_plane.console.lanes import Lane, Rail, lanes

NO_KILL = KillBody()


def feature(**more):
    return compile_feature(Route(model="m", stable="m:1", **more))


def canary(buckets, condition=None):
    rule = CanaryRule(release_id="r", step=1, candidate="m:2", buckets=buckets, condition=condition)
    return feature(canary=rule)


def test_a_model_nobody_routes_has_no_lanes():
    assert lanes("m", None, NO_KILL) == ()


def test_stable_alone_has_everybody():
    assert lanes("m", feature(), NO_KILL) == (Lane("m:1", Rail.STABLE, 10_000),)


def test_a_canary_takes_its_share_from_stable():
    assert lanes("m", canary(37), NO_KILL) == (
        Lane("m:1", Rail.STABLE, 9963),
        Lane("m:2", Rail.CANARY, 37),
    )


def test_a_canary_for_some_says_for_whom():
    found = lanes("m", canary(500, {"country": "DE", "new": True}), NO_KILL)[1]
    assert found.condition == "country is DE and new is True"
    found = lanes("m", canary(500, {"age": {"$gt": 3}}), NO_KILL)[1]
    assert found.condition == "visitors who match its condition"


def test_a_shadow_gets_copies_beside_stable():
    found = lanes("m", feature(shadow=("m:2",)), NO_KILL)
    assert found[1] == Lane("m:2", Rail.SHADOW, 10_000)


def test_a_kill_leaves_nothing_to_the_rules():
    kill = KillBody(models={"m": KillEntry(id="k", version="m:1", reason="broken")})
    assert lanes("m", canary(5000), kill) == (
        Lane("m:1", Rail.KILLED, 10_000),
        Lane("m:2", Rail.IDLE, 0),
    )
    assert lanes("m", None, kill) == (Lane("m:1", Rail.KILLED, 10_000),)


def test_an_upstream_s_rules_say_what_each_version_may_get_at_most():
    values = [{"serve": version, "shadow": []} for version in ("m:1", "m:2", "m:3")]
    split = {"variations": values[:2], "ranges": [[0, 0.7], [0.7, 1]]}
    forced = {"force": values[2], "coverage": 0.1}
    feature = {"defaultValue": values[0], "rules": [split, forced]}
    found = lanes("m", feature, KillBody())
    assert [(lane.version, lane.rail, lane.buckets) for lane in found] == [
        ("m:1", Rail.STABLE, 6000),
        ("m:2", Rail.CANARY, 3000),
        ("m:3", Rail.CANARY, 1000),
    ]
