"""Ten thousand keys get the same answer from the Python package and the JavaScript SDK."""

import random

import pytest

from bentos.contract.identity import check_targeting_key
from bentos.contract.route import BUCKETS, CanaryRule, Route, compile_features

COUNT = 10_000
WEIGHTS = [0, 1, 500, 2500, 3333, 5000, 9999, BUCKETS]
ALPHABETS = [
    "0123456789abcdef-",
    "0123456789",
    "äöüßéèñçøåžščř",
    "日本語中文한국어عربيעברית",
    "😀👍🏽🧑‍🚀🇩🇪𝔘𐍈",
    " \t\n\"\\'/<>&\u0000\u007f\u2028",
]


def make_keys() -> list[str]:
    source = random.Random(20261122)
    keys = ["a" * 200, "😀" * 50, "é" * 100, " ", "0", "00", "-0", "1e3", "true", "null", "NaN"]
    while len(keys) < COUNT:
        alphabet = source.choice(ALPHABETS)
        length = source.choice([1, 2, 8, 20, 36])
        keys.append("".join(source.choices(alphabet, k=length)))
    return [check_targeting_key(key) for key in keys]


@pytest.fixture(scope="module")
def cases():
    countries = ["DE", "FR", "US"]
    return [
        ("model.fraud", {"targeting_key": key, "country": countries[number % 3], "orders": number})
        for number, key in enumerate(make_keys())
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
