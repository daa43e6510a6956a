"""The whole line with real processes: what a caller sees while versions come, die and go."""

import os
import signal
from collections import Counter

import pytest

from bentos.contract.documents import RoutesBody
from demo.evaluation import RoutesHistory
from load_tests.installation.line import serves
from load_tests.installation.model import MODEL
from load_tests.installation.tiny_bento import VERSIONS
from tests.acceptance.line import Load

pytestmark = pytest.mark.acceptance

STABLE, CANDIDATE = VERSIONS


def until_canary(line, weight: float) -> None:
    def fits(feature) -> bool:
        return any(rule["ranges"][1] == [0, weight] for rule in feature.get("rules", ()))

    line.until(lambda: line.follows(fits))


def until_shadow(line) -> None:
    line.until(lambda: line.follows(lambda feature: CANDIDATE in feature["defaultValue"]["shadow"]))


def expected(line, answers) -> dict[str, str]:
    """Key → version by the growthbook package, from the routes the gateway has on disk."""
    history = RoutesHistory()
    history.add("now", RoutesBody(features={f"model.{MODEL}": line.feature()}))
    return {answer.key: history.expected("now", MODEL, answer.key).serve for answer in answers}


def all_recorded(line, answers) -> bool:
    recorded = line.decisions()
    return all(answer.body["decision_id"] in recorded for answer in answers)


def test_a_canarys_worker_killed_under_load_fails_no_request_and_loses_no_decision(stable):
    line = stable
    release = line.release(CANDIDATE, shadow=False, steps=[0.5])
    line.move(release, "start")
    until_canary(line, 0.5)
    victim = line.until(lambda: line.worker(CANDIDATE))
    with Load(line) as load:
        line.until(lambda: len(load.answers) > 300)
        os.kill(victim, signal.SIGKILL)
        line.until(lambda: line.worker(CANDIDATE) not in (None, victim))
        before = len(load.answers)

        def candidate_answers_again() -> bool:
            return any(a.body["model_version"] == CANDIDATE for a in load.answers[before:])

        line.until(candidate_answers_again)
    assert load.failures == []
    assert all_recorded(line, load.answers)
    reasons = Counter(answer.body["reason"] for answer in load.answers)
    assert reasons["FALLBACK"] > 0
    right = expected(line, load.answers)
    for answer in load.answers:
        assigned = CANDIDATE if answer.body["variant"] == "canary" else STABLE
        assert assigned == right[answer.key]
        if answer.body["reason"] == "FALLBACK":
            assert answer.body["model_version"] == STABLE
    for answer in load.answers[:50]:
        decision = line.decisions()[answer.body["decision_id"]].decision
        assert decision.served_version == answer.body["model_version"]
        assert decision.variant == answer.body["variant"]


@pytest.mark.slow
def test_without_control_plane_the_line_goes_on_and_the_gateway_restarts_from_disk(stable):
    line = stable
    with Load(line, threads=2) as load:
        line.stop("control-plane", signal.SIGKILL)
        before = len(load.answers)
        line.until(lambda: len(load.answers) > before + 200)
        worker = line.worker(STABLE)
    assert load.failures == []
    assert line.worker(STABLE) == worker, "no worker was restarted"
    line.stop("gateway", signal.SIGKILL)
    line.start_gateway()
    assert line.predict("b-1").status == 200
    assert all_recorded(line, load.answers), "a killed gateway loses no acknowledged decision"
    line.start_control_plane()


def test_a_fleet_that_was_killed_takes_its_workers_back(stable):
    line = stable
    worker = line.worker(STABLE)
    with Load(line, threads=2) as load:
        line.stop("fleet", signal.SIGKILL)
        line.start("fleet", "control_plane.fleet")
        line.until(lambda: "worker adopted" in line.log("fleet"))
        before = len(load.answers)
        line.until(lambda: len(load.answers) > before + 100)
    assert load.failures == []
    assert line.worker(STABLE) == worker


def test_a_release_goes_shadow_canary_promoted_and_back(stable):
    line = stable
    release = line.release(CANDIDATE, shadow=True, steps=[0.05, 0.25])
    with Load(line, threads=2) as load:
        line.move(release, "start")
        until_shadow(line)
        line.until(lambda: len(load.answers) > 100)
        assert {answer.body["model_version"] for answer in load.answers} == {STABLE}
        for weight in (0.05, 0.25):
            line.move(release, "ramp")
            until_canary(line, weight)
        line.move(release, "promote")
        line.until(lambda: line.follows(serves(CANDIDATE)))
        assert line.predict("b-0").body["model_version"] == CANDIDATE
        line.move(release, "rollback")
        line.until(lambda: line.follows(serves(STABLE)))
        assert line.predict("b-0").body["model_version"] == STABLE
    assert load.failures == []
    verdict = line.call("admin", "GET", "/api/v1/register/verify")
    assert verdict["ok"]


def test_the_author_cannot_approve_and_the_attempt_is_in_the_register(stable):
    line = stable
    plan = {"model": MODEL, "candidate": CANDIDATE, "reason": "as tested"}
    created = line.call("author", "POST", "/api/v1/releases", plan)
    line.move(created["id"], "submit")
    path = f"/api/v1/releases/{created['id']}/approve"
    headers = {"authorization": f"Bearer {line.keys['author']}"}
    answer = line.control.post(path, json={"reason": "my own"}, headers=headers)
    assert answer.status_code == 403
    listed = line.call("admin", "GET", "/api/v1/register/events?action=release:approve&limit=1000")
    events = listed["events"] if isinstance(listed, dict) else listed
    denied = [event for event in events if event["outcome"] == "denied"]
    assert any(created["id"] in event["entity"] for event in denied)
