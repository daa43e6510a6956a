"""The gateway's own wrapper says of every key what the bare evaluator says."""

import pytest

from bentos.contract.decision import Reason
from bentos.contract.documents import KillBody, KillEntry, Revision, RoutesBody
from bentos.contract.route import BUCKETS, CANARY, STABLE, CanaryRule, Route, compile_features
from gateway.routing import Routes

OLD, NEW = "fraud:20261122-00000001", "fraud:20261123-00000002"
REVISION, KILL_REVISION = Revision(1, 7), Revision(1, 8)
KEYS = [f"browser-{number}" for number in range(2000)] + ["😀", " ", "0", "ü" * 100]


def compiled(buckets, condition=None):
    canary = CanaryRule(
        release_id="rel_1", step=3, candidate=NEW, buckets=buckets, condition=condition
    )
    return compile_features((Route(model="fraud", stable=OLD, shadow=("s",), canary=canary),))


def routes(features, kills=None):
    return Routes(
        RoutesBody(features=features), KillBody(models=kills or {}), REVISION, KILL_REVISION
    )


@pytest.mark.parametrize("buckets", [0, 1, 500, 5000, 9999, BUCKETS])
def test_assignments_are_the_evaluator_s(evaluate, buckets):
    features = compiled(buckets)
    table = routes(features)
    answers = evaluate(features, [("model.fraud", {"targeting_key": key}) for key in KEYS])
    for key, (value, _, variant, name, position) in zip(KEYS, answers, strict=True):
        got = table.assign("fraud", key, {}, None)
        assert (got.version, got.variant, got.reason) == (value["serve"], variant, Reason.SPLIT)
        assert f"{got.release_id}/{got.step}" == name
        assert got.bucket == round(position * BUCKETS)
        assert (got.variant == CANARY) == (got.bucket < buckets)
        assert list(got.shadows) == value["shadow"]
        assert (got.stable, got.revision) == (OLD, REVISION)


@pytest.mark.parametrize("key", [None, *KEYS[:3]])
def test_whoever_takes_no_part_gets_the_default(key):
    table = routes(compiled(BUCKETS, {"country": "DE"}))
    got = table.assign("fraud", key, {"country": "FR"}, None)
    assert (got.version, got.variant, got.reason) == (OLD, STABLE, Reason.STATIC)
    assert (got.release_id, got.step, got.bucket) == (None, None, None)
    assert got.shadows == ("s",)


def test_a_caller_s_attributes_cannot_replace_the_key():
    table = routes(compiled(5000))
    for key in KEYS[:200]:
        got = table.assign("fraud", key, {"targeting_key": "someone else"}, None)
        assert got == table.assign("fraud", key, {}, None)


@pytest.mark.parametrize("pin", [None, NEW])
def test_kill_is_obeyed_before_pin_and_rule(pin):
    kill = KillEntry(id="k", version=OLD, reason="it misbehaves")
    table = routes(compiled(BUCKETS), {"fraud": kill})
    got = table.assign("fraud", "browser-1", {}, pin)
    assert (got.version, got.stable, got.reason) == (OLD, OLD, Reason.KILLED)
    assert (got.shadows, got.revision) == ((), KILL_REVISION)


@pytest.mark.parametrize("first", [KEYS, KEYS[::-1]])
def test_which_key_of_a_bucket_comes_first_changes_nothing(evaluate, first):
    features = compiled(5000)
    table = routes(features)
    for key in first:
        table.assign("fraud", key, {"country": "DE"}, None)
    answers = evaluate(features, [("model.fraud", {"targeting_key": key}) for key in KEYS])
    for key, (value, _, variant, _, position) in zip(KEYS, answers, strict=True):
        got = table.assign("fraud", key, {}, None)
        assert (got.version, got.variant) == (value["serve"], variant)
        assert got.bucket == round(position * BUCKETS)


@pytest.mark.parametrize(
    "more",
    [
        {"coverage": 0.5},
        {"namespace": ["n", 0, 0.5]},
        {"filters": [{"seed": "x", "ranges": [[0, 0.5]], "hashVersion": 2}]},
        {"hashAttribute": "country"},
        {"condition": {"country": "DE"}},
        {"force": {"serve": NEW, "shadow": []}, "ranges": None, "variations": None},
    ],
)
def test_a_rule_that_asks_for_more_than_the_bucket_is_evaluated_for_every_key(evaluate, more):
    features = compiled(5000)
    [rule] = features["model.fraud"]["rules"]
    features["model.fraud"]["rules"] = [
        {name: value for name, value in {**rule, **more}.items() if value is not None}
    ]
    table = routes(features)
    for country in ("DE", "FR"):
        asked = [("model.fraud", {"targeting_key": k, "country": country}) for k in KEYS]
        for key, (value, *_) in zip(KEYS, evaluate(features, asked), strict=True):
            assert table.assign("fraud", key, {"country": country}, None).version == value["serve"]
