"""Every answer is judged by the routes of the revision it names."""

from uuid import uuid4

import pytest

from bentos.contract.documents import RoutesBody
from bentos.contract.route import CanaryRule, Route, compile_features, weight_to_buckets
from demo.answers import Answer
from demo.evaluation import RoutesHistory
from demo.steps import Step, all_right

STABLE = "fraud:20260101-00000000"
CANDIDATE = "fraud:20260102-00000000"
RELEASE = "0198"


def routes(weight: float | None, shadow: tuple[str, ...] = (), stable: str = STABLE) -> RoutesBody:
    canary = None
    if weight is not None:
        canary = CanaryRule(
            release_id=RELEASE, step=1, candidate=CANDIDATE, buckets=weight_to_buckets(weight)
        )
    route = Route(model="fraud", stable=stable, shadow=shadow, canary=canary)
    return RoutesBody(features=compile_features((route,)))


@pytest.fixture
def history():
    history = RoutesHistory()
    history.add("1.1", routes(None))
    history.add("1.2", routes(0.25))
    return history


def answer(history, key, revision="1.2", reason="SPLIT", **changes):
    expected = history.expected(revision, "fraud", key)
    values = {
        "model": "fraud",
        "key": key,
        "version": expected.serve,
        "variant": expected.variant,
        "reason": reason,
        "revision": revision,
        "decision": uuid4(),
        "seconds": 0.001,
    }
    return Answer(**{**values, **changes})


def step(history, share=0.25):
    return Step("canary", "fraud", CANDIDATE, share, RELEASE, history)


def test_answers_as_routed_are_right_and_their_share_is_the_plan(history):
    watched = step(history)
    for number in range(3000):
        watched.take(answer(history, f"b-{number}"))
    watched.finish()
    result = watched.result()
    assert result["variant_mismatches"] == 0
    assert result["distinct_keys"] == result["answers_checked"] == 3000
    assert result["share_within_plan"]
    assert all_right([result], 2000) == []


def test_a_key_counts_once_however_often_it_comes(history):
    watched = step(history)
    for _ in range(10):
        watched.take(answer(history, "b-1"))
    assert watched.result()["distinct_keys"] == 1


def test_a_wrong_variant_or_version_is_a_mismatch(history):
    on_canary = next(
        f"b-{n}"
        for n in range(99)
        if history.expected("1.2", "fraud", f"b-{n}").variant == "canary"
    )
    watched = step(history)
    watched.take(answer(history, on_canary, variant="stable"))
    watched.take(answer(history, on_canary, version=STABLE))
    assert watched.result()["variant_mismatches"] == 2
    watched.take(answer(history, on_canary, version=STABLE, reason="FALLBACK"))
    assert watched.result()["variant_mismatches"] == 2, "stable may step in"
    assert watched.result()["stable_stepped_in"] == 1
    assert all_right([watched.result()], 0)


def test_late_answers_of_the_step_before_are_judged_but_not_counted(history):
    watched = step(history)
    watched.take(answer(history, "b-1", revision="1.1", reason="STATIC"))
    result = watched.result()
    assert (result["answers_checked"], result["distinct_keys"]) == (1, 0)


def test_an_answer_waits_for_its_revision(history):
    later = RoutesHistory()
    later.add("1.3", routes(0.25))
    watched = step(history)
    watched.take(answer(later, "b-1", revision="1.3"))
    assert watched.result()["answers_checked"] == 0
    history.add("1.3", routes(0.25))
    watched.finish()
    assert watched.result()["variant_mismatches"] == 0


def test_a_revision_nobody_published_is_a_mismatch(history):
    invented = RoutesHistory()
    invented.add("9.9", routes(0.25))
    watched = step(history)
    watched.take(answer(invented, "b-1", revision="9.9"))
    watched.finish()
    assert watched.result()["variant_mismatches"] == 1


def test_a_share_off_the_plan_and_too_few_keys_are_problems(history):
    watched = step(history, share=0.25)
    for number in range(500):
        key = f"b-{number}"
        if history.expected("1.2", "fraud", key).variant == "stable":
            watched.take(answer(history, key))
    problems = all_right([watched.result()], 2000)
    assert len(problems) == 2
