"""Two gateways and GrowthBook's JavaScript SDK agree on a hundred thousand keys."""

import json
import subprocess
import sys

import pytest

from bentos.contract.route import BUCKETS
from tests.gateway.installation import CANARY, route
from tests.routing.keys import make_keys

COUNT = 100_000
DE_ONLY = {"country": "DE"}
ASKED = [(500, None), (3333, None), (9999, None), (5000, DE_ONLY)]
# What only the second gateway lived through; the keys are asked for under each of them too.
DETOURS = [(BUCKETS, None), (0, None), (700, DE_ONLY)]


def step(buckets, condition, *, asked):
    return {"buckets": buckets, "condition": condition, "asked": asked}


def gateway_answers(home, keys, countries, steps):
    command = [sys.executable, "-m", "tests.routing.gateway_answers", str(home)]
    asked = json.dumps({"keys": keys, "countries": countries, "steps": steps})
    done = subprocess.run(command, input=asked.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)


def as_gateways_say(answer):
    value, _, variant, name, position = answer
    if position is None:
        return [value["serve"], "stable", None, None, None]
    release, _, number = name.rpartition("/")
    return [value["serve"], variant, release, int(number), round(position * BUCKETS)]


@pytest.mark.slow
def test_two_gateways_and_the_javascript_sdk_agree(tmp_path, evaluate_in_javascript):
    keys = make_keys(COUNT)
    countries = [("DE", "FR", "US")[number % 3] for number in range(COUNT)]
    steady = [step(*each, asked=True) for each in ASKED]
    detours = [step(*each, asked=False) for each in DETOURS]
    moved = [each for pair in zip([*detours, detours[0]], steady, strict=True) for each in pair]
    first = gateway_answers(tmp_path / "one", keys, countries, steady)
    # The other one meets the keys from the far end: which key of a bucket comes first differs.
    second = gateway_answers(tmp_path / "two", keys[::-1], countries[::-1], moved)
    assert [answers[::-1] for answers in second] == first
    cases = [
        ("model.fraud", {"targeting_key": key, "country": country})
        for key, country in zip(keys, countries, strict=True)
    ]
    payloads = [route(buckets, condition=condition).features for buckets, condition in ASKED]
    theirs = evaluate_in_javascript(payloads, cases)
    assert [[as_gateways_say(answer) for answer in answers] for answers in theirs] == first
    for (buckets, condition), answers in zip(ASKED, first, strict=True):
        share = sum(answer[0] == CANARY for answer in answers) / COUNT
        expected = buckets / BUCKETS / (3 if condition else 1)
        assert share == pytest.approx(expected, abs=0.01)
