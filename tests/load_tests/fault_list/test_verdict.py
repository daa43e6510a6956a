"""The judge can say no: each thing that may be wrong is found and named."""

import pytest

from bentos.contract.documents import RoutesBody
from bentos.contract.route import CanaryRule, Route, compile_features
from demo.evaluation import RoutesHistory
from load_tests.fault_list.fault import Fault
from load_tests.fault_list.verdict import judge
from load_tests.installation.callers import Answer, Failure, Phase, Seen
from load_tests.installation.gateway import GatewayProcess
from load_tests.installation.model import MODEL
from load_tests.installation.records import Records
from load_tests.installation.site import CANARY, OFFSETS, SHOP, STABLE, Site
from tests.gateway.made_decision import make_decision


class Anything(Fault):
    def felt(self, site, seen):
        return "felt"


class Excusing(Anything):
    def tolerates(self, failure):
        return failure.status == 503

    def may_be_unlogged(self, answer):
        return True


class Unfelt(Fault):
    def felt(self, site, seen):
        return ""


@pytest.fixture
def site(tmp_path):
    canary = CanaryRule(release_id="r", step=1, candidate=CANARY, buckets=5000)
    route = Route(model=MODEL, stable=STABLE, canary=canary)
    history = RoutesHistory()
    history.add("1.2", RoutesBody(features=compile_features((route,))))
    return Site(GatewayProcess(tmp_path, SHOP, {}), "key", OFFSETS, history)


def key_of(site, variant):
    keys = (f"k-{number}" for number in range(100))
    return next(key for key in keys if site.history.expected("1.2", MODEL, key).variant == variant)


def answer(site, variant="canary", version=None, reason="SPLIT", total=None, **facts):
    version = version or {"canary": CANARY, "stable": STABLE}[variant]
    facts = {
        "decision_id": "id-0",
        "model_version": version,
        "variant": variant,
        "reason": reason,
        "revision": "1.2",
        **facts,
    }
    total = 6.0 + OFFSETS[version] if total is None else total
    return Answer(0.0, Phase.DURING, key_of(site, variant), (6.0,), (total,), facts)


def verdict_on(site, answers=(), failures=(), fault=None, decisions=(0,), recovered_s=1.0):
    records = Records({f"id-{seq}": make_decision(seq) for seq in decisions})
    seen = Seen(list(answers), list(failures))
    return judge(fault or Anything("f", "what"), site, seen, records, recovered_s)


def test_right_answers_hold(site):
    answers = [
        answer(site),
        answer(site, "stable"),
        answer(site, version=STABLE, reason="FALLBACK"),
    ]
    verdict = verdict_on(site, answers)
    assert verdict.missed == []
    assert (verdict.requests, verdict.acknowledged, verdict.found) == (3, 3, 3)
    assert verdict.fallbacks == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": STABLE}, "expected tiny:20260102"),
        ({"reason": "FALLBACK"}, "expected tiny:20260101"),
        ({"total": 6.0}, "expected (10006.0,)"),
    ],
)
def test_a_wrong_answer_is_named(site, changes, said):
    verdict = verdict_on(site, [answer(site, **changes)])
    assert verdict.failures == 1
    assert said in verdict.missed[0]


def test_a_key_in_the_wrong_arm_is_named(site):
    moved = answer(site, "stable")
    moved = Answer(0.0, moved.phase, key_of(site, "canary"), moved.sums, moved.totals, moved.facts)
    assert "variant stable, expected canary" in verdict_on(site, [moved]).missed[0]


def test_a_failure_counts_unless_the_fault_excuses_it(site):
    failure = Failure(0.0, Phase.DURING, False, 1, 503, "full")
    assert verdict_on(site, failures=[failure]).failures == 1
    excused = verdict_on(site, failures=[failure], fault=Excusing("f", "what"))
    assert (excused.failures, excused.excused, excused.missed) == (0, 1, [])


def test_an_answer_without_a_decision_counts_unless_the_fault_excuses_it(site):
    unlogged = [answer(site, decision_id=None)]
    assert verdict_on(site, unlogged).missed == ["during: answered without a decision"]
    assert verdict_on(site, unlogged, fault=Excusing("f", "what")).missed == []


def test_a_lost_decision_is_counted(site):
    verdict = verdict_on(site, [answer(site), answer(site, decision_id="id-7")])
    assert (verdict.acknowledged, verdict.found) == (2, 1)
    assert verdict.missed == ["1 acknowledged decisions are not in the log"]


def test_a_gap_in_the_sequence_is_named(site):
    verdict = verdict_on(site, decisions=(0, 2))
    assert verdict.missed == ["g b1: 2 decisions, the last has number 2"]


def test_a_fault_nobody_felt_proves_nothing(site):
    assert "not felt" in verdict_on(site, fault=Unfelt("f", "what")).missed[0]


def test_what_does_not_come_back_is_a_miss(site):
    assert verdict_on(site, recovered_s=None).missed == ["did not recover"]
