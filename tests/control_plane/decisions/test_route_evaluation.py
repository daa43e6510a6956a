"""The control plane says of a key what a gateway would have done with it."""

import pytest

from bentos.contract.documents import KillBody, Revision, RoutesBody
from bentos.contract.errors import ContractError
from bentos.contract.route import CanaryRule, Route, compile_features
from control_plane.decisions.route_evaluation import evaluate
from gateway.routing import Routes

STABLE, CANDIDATE = "m:20260101-0000000a", "m:20260102-0000000b"


def routes(condition=None):
    canary = CanaryRule(
        release_id="r1", step=2, candidate=CANDIDATE, buckets=3000, condition=condition
    )
    plain = Route(model="plain", stable=STABLE)
    return RoutesBody(
        features=compile_features((Route(model="m", stable=STABLE, canary=canary), plain))
    )


@pytest.mark.parametrize("condition", [None, {"country": {"$in": ["DE", "AT"]}}])
def test_both_agree_on_every_key(condition):
    body, seen = routes(condition), set()
    gateway = Routes(body, KillBody(), Revision(1, 1), Revision(1, 1))
    for number in range(400):
        key, attributes = f"k{number}", {"country": ["DE", "FR"][number % 2]}
        found = evaluate(body, "m", key, attributes)
        expected = gateway.assign("m", key, attributes, None)
        assert (found.version, found.variant, found.reason, found.bucket) == (
            expected.version,
            expected.variant,
            expected.reason.value,
            expected.bucket,
        )
        seen.add((found.version, found.reason))
    assert len(seen) == (2 if condition is None else 3)


def test_without_a_key_or_a_rule_the_default_serves():
    assert evaluate(routes(), "m", None, {}).as_json() == {
        "version": STABLE,
        "variant": "stable",
        "reason": "STATIC",
        "bucket": None,
    }
    assert evaluate(routes(), "plain", "k", {}).reason == "STATIC"
    with pytest.raises(ContractError):
        evaluate(routes(), "nobody", "k", {})
