"""Of a model that follows an upstream GrowthBook no release stands behind the route."""

import pytest
from growthbook.core import gbhash

from bentos.contract.documents import KillBody, Revision, RoutesBody
from control_plane.audit.offline.notes import Unproven
from control_plane.decisions.offline.documents import Document
from control_plane.decisions.offline.route import BUCKETS, check_route
from control_plane.follow.translation import translate
from gateway.routing import Routes

UPSTREAM = {
    "defaultValue": {"serve": "m:1"},
    "rules": [
        {"id": "fr", "force": {"serve": "m:3"}, "condition": {"vip": True}},
        {
            "id": "r",
            "key": "exp",
            "variations": [{"serve": "m:1"}, {"serve": "m:2"}],
            "weights": [0.4, 0.6],
            "hashAttribute": "targeting_key",
            "hashVersion": 2,
            "meta": [{"key": "control"}, {"key": "new"}],
        },
    ],
}
FEATURES = {"model.m": translate(UPSTREAM, {})}


def decided(key, **attributes):
    """What the gateway records of a request."""
    table = Routes(RoutesBody(features=FEATURES), KillBody(), Revision(1, 7), Revision(1, 7))
    got = table.assign("m", key, attributes, None)
    return {
        "model": "m",
        "revision": [1, 7],
        "release_id": got.release_id,
        "step": got.step,
        "variant": got.variant,
        "bucket": got.bucket,
        "assigned_version": got.version,
    }


def check(decision):
    body = {"features": FEATURES}
    return check_route(decision, {"routes": Document(revision=[1, 7], body=body, published={})})


@pytest.mark.parametrize("key", [f"k{number}" for number in range(10)])
def test_a_decision_of_an_upstream_s_split_is_found_again(key):
    found = check(decided(key))
    low, high = found["range"]
    assert (found["kind"], found["rule"]) == ("upstream", "r")
    assert low <= round(gbhash("exp", key, 2) * BUCKETS) / BUCKETS < high


def test_a_decision_of_its_forced_rule_is_found_again():
    assert check(decided("k", vip=True)) == {"kind": "forced", "rule": "fr"}


@pytest.mark.parametrize(
    "change", [{"bucket": 10_000}, {"variant": "other"}, {"assigned_version": "m:9"}]
)
def test_a_decision_that_was_changed_is_not(change):
    with pytest.raises(Unproven):
        check(decided("k1") | change)
