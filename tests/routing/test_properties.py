"""How compiled routes bucket keys: sticky, monotone both ways, exact at the ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.identity import MAX_TARGETING_KEY_BYTES
from bentos.contract.route import (
    BUCKETS,
    CANARY,
    STABLE,
    CanaryRule,
    Route,
    compile_features,
)

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50).filter(
    lambda key: len(key.encode()) <= MAX_TARGETING_KEY_BYTES
)
RELEASES = st.from_regex(r"rel_[0-9a-z]{1,12}", fullmatch=True)
BUCKET_COUNTS = st.integers(0, BUCKETS)
OLD, NEW = "fraud:20261122-00000001", "fraud:20261123-00000002"


def features(release, buckets, step=0, condition=None, shadow=()):
    canary = CanaryRule(
        release_id=release, step=step, candidate=NEW, buckets=buckets, condition=condition
    )
    return compile_features((Route(model="fraud", stable=OLD, shadow=shadow, canary=canary),))


@pytest.fixture(scope="session")
def serves(evaluate):
    """The version that serves each key."""

    def run(compiled, keys, **attributes):
        cases = [("model.fraud", {"targeting_key": key, **attributes}) for key in keys]
        return [answer[0]["serve"] for answer in evaluate(compiled, cases)]

    return run


@given(RELEASES, BUCKET_COUNTS, KEYS)
def test_sticky_the_same_key_always_gets_the_same_version(serves, release, buckets, key):
    compiled = features(release, buckets)
    first, *others = serves(compiled, [key] * 3) + serves(features(release, buckets, step=7), [key])
    assert others == [first] * 3


@given(RELEASES, BUCKET_COUNTS, BUCKET_COUNTS, st.lists(KEYS, min_size=1, max_size=20))
def test_raising_keeps_canaries_and_lowering_adds_none(serves, release, one, other, keys):
    low, high = sorted((one, other))
    at_low, at_high = (serves(features(release, buckets), keys) for buckets in (low, high))
    on_canary_low = {key for key, version in zip(keys, at_low, strict=True) if version == NEW}
    on_canary_high = {key for key, version in zip(keys, at_high, strict=True) if version == NEW}
    assert on_canary_low <= on_canary_high


@given(RELEASES, st.lists(KEYS, min_size=1, max_size=20))
def test_weight_zero_and_one_are_exact(serves, release, keys):
    assert set(serves(features(release, 0), keys)) == {OLD}
    assert set(serves(features(release, BUCKETS), keys)) == {NEW}


@given(RELEASES, KEYS)
def test_there_is_one_weight_at_which_a_key_changes_over(evaluate, release, key):
    case = [("model.fraud", {"targeting_key": key})]
    ((_, source, variant, name, position),) = evaluate(features(release, 1, step=3), case)
    bucket = round(position * BUCKETS)
    assert source == "experiment"
    assert variant == (CANARY if bucket < 1 else STABLE)
    assert name == f"{release}/3"
    assert 0 <= bucket < BUCKETS
    assert evaluate(features(release, bucket), case)[0][0]["serve"] == OLD
    assert evaluate(features(release, bucket + 1), case)[0][0]["serve"] == NEW


@pytest.mark.parametrize("buckets", [100, 500, 2500, 5000, 9000])
@pytest.mark.parametrize("release", ["rel_a", "rel_b"])
def test_share_over_many_keys_is_the_weight(serves, release, buckets):
    count = 20_000
    weight = buckets / BUCKETS
    served = serves(features(release, buckets), [f"browser-{number}" for number in range(count)])
    # Five standard deviations of a binomial: the keys are fixed, so this never flickers.
    allowed = 5 * math.sqrt(weight * (1 - weight) / count)
    assert served.count(NEW) / count == pytest.approx(weight, abs=allowed)


def test_releases_bucket_independently_of_each_other(serves):
    keys = [f"browser-{number}" for number in range(20_000)]
    one, other = (serves(features(release, 5000), keys) for release in ("rel_a", "rel_b"))
    both = sum(a == b == NEW for a, b in zip(one, other, strict=True))
    assert both / len(keys) == pytest.approx(0.25, abs=0.02)


@given(RELEASES, KEYS, st.sampled_from(["DE", "FR", "US", ""]))
def test_condition_decides_who_takes_part(evaluate, release, key, country):
    compiled = features(release, BUCKETS, condition={"country": {"$in": ["DE", "FR"]}})
    case = [("model.fraud", {"targeting_key": key, "country": country})]
    ((value, source, *_),) = evaluate(compiled, case)
    taking_part = country in {"DE", "FR"}
    assert value["serve"] == (NEW if taking_part else OLD)
    assert source == ("experiment" if taking_part else "defaultValue")


@pytest.mark.parametrize("attributes", [{}, {"country": "DE"}, {"targeting_key": ""}])
def test_without_a_key_the_default_value_serves(evaluate, attributes):
    compiled = features("rel_a", BUCKETS, shadow=("fraud:20261124-00000003",))
    ((value, source, *_),) = evaluate(compiled, [("model.fraud", attributes)])
    assert (value["serve"], source) == (OLD, "defaultValue")
    assert value["shadow"] == ["fraud:20261124-00000003"]


@given(KEYS)
def test_shadow_exposes_nobody(evaluate, key):
    compiled = compile_features((Route(model="fraud", stable=OLD, shadow=(NEW,)),))
    ((value, source, *_),) = evaluate(compiled, [("model.fraud", {"targeting_key": key})])
    assert (value, source) == ({"serve": OLD, "shadow": [NEW]}, "defaultValue")
