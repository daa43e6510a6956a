"""Ten thousand keys get the same answer from the Python package and the JavaScript SDK."""

import pytest

from bentos.contract.route import BUCKETS, CanaryRule, Route, compile_features
from tests.routing.keys import make_keys

COUNT = 10_000
WEIGHTS = [0, 1, 500, 2500, 3333, 5000, 9999, BUCKETS]


@pytest.fixture(scope="module")
def cases():
    countries = ["DE", "FR", "US"]
    return [
        ("model.fraud", {"targeting_key": key, "country": countries[number % 3], "orders": number})
        for number, key in enumerate(make_keys(COUNT))
    ]


def compiled(buckets, condition=None):
    canary = CanaryRule(
        release_id="rel_ü1", step=2, candidate="fraud:b", buckets=buckets, condition=condition
    )
    return compile_features((Route(model="fraud", stable="fraud:a", shadow=("c",), canary=canary),))


def test_javascript_answers_equal_python_s(evaluate, evaluate_in_javascript, cases):
    payloads = [compiled(buckets) for buckets in WEIGHTS]
    payloads.append(compiled(5000, {"country": {"$in": ["DE", "FR"]}, "orders": {"$lt": 9000}}))
    theirs = evaluate_in_javascript(payloads, cases)
    for payload, answers in zip(payloads, theirs, strict=True):
        assert evaluate(payload, cases) == answers


def test_javascript_gives_the_default_to_whoever_has_no_key(evaluate, evaluate_in_javascript):
    cases = [("model.fraud", {}), ("model.fraud", {"targeting_key": ""}), ("model.other", {})]
    (theirs,) = evaluate_in_javascript([compiled(BUCKETS)], cases)
    assert theirs[:2] == evaluate(compiled(BUCKETS), cases[:2])
    assert theirs[2][:2] == (None, "unknownFeature")
