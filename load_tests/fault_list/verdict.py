"""Holds what callers saw against the routes, the model and the decision log."""

from dataclasses import dataclass, field
from typing import Any

from bentos.contract.decision import Reason
from demo.evaluation import RoutesHistory
from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Seen
from load_tests.installation.model import MODEL
from load_tests.installation.records import Records
from load_tests.installation.site import Site

SHOWN = 3
# Reasons with which stable answers for a canary.
IN_PLACE = {Reason.FALLBACK.value, Reason.BUDGET.value, Reason.SHED.value}


@dataclass
class Verdict:
    """One row of the report. ``missed`` says, in words, what did not hold."""

    name: str
    what: str
    requests: int = 0
    failures: int = 0
    excused: int = 0
    fallbacks: int = 0
    acknowledged: int = 0
    found: int = 0
    felt: str = ""
    recovered_s: float | None = None
    missed: list[str] = field(default_factory=list)


def judge(
    fault: Fault[Any], site: Site, seen: Seen, records: Records, recovered_s: float | None
) -> Verdict:
    """What became of one trial."""
    verdict = Verdict(fault.name, fault.what, requests=seen.requests, recovered_s=recovered_s)
    failures = [failure for failure in seen.failures if not fault.tolerates(failure)]
    verdict.excused = len(seen.failures) - len(failures)
    wrong = [text for answer in seen.answers if (text := wrong_in(answer, site))]
    unlogged = [
        answer
        for answer in seen.answers
        if answer.decision_id is None and not fault.may_be_unlogged(answer)
    ]
    verdict.failures = len(failures) + len(wrong) + len(unlogged)
    verdict.missed += [
        f"{one.phase} {one.status} retrying={one.retrying}: {one.what}" for one in failures[:SHOWN]
    ]
    verdict.missed += wrong[:SHOWN]
    verdict.missed += [f"{one.phase}: answered without a decision" for one in unlogged[:SHOWN]]
    if verdict.failures > len(verdict.missed):
        verdict.missed.append(f"{verdict.failures} failures in all")
    _count(verdict, seen, records)
    verdict.felt = fault.felt(site, seen)
    if not verdict.felt:
        verdict.missed.append("the fault was not felt: the trial proves nothing")
    if recovered_s is None:
        verdict.missed.append("did not recover")
    return verdict


def wrong_in(answer: Answer, site: Site) -> str:
    """What is wrong with an answer, in words; empty for a right one."""
    facts = answer.facts
    version, reason = facts["model_version"], facts["reason"]
    if facts["revision"] not in site.history:
        return f"{answer.phase}: routes of revision {facts['revision']}, which nobody published"
    serve, variant = expected(site.history, answer)
    if facts["variant"] != variant:
        return f"{answer.phase}: variant {facts['variant']}, expected {variant}"
    if version != serve:
        return f"{answer.phase}: {version} answered with reason {reason}, expected {serve}"
    right = tuple(total + site.offsets[version] for total in answer.sums)
    if not any(answer.totals == tuple(one + known for one in right) for known in site.known()):
        return f"{answer.phase}: {version} answered {answer.totals}, expected {right}"
    return ""


def expected(history: RoutesHistory, answer: Answer) -> tuple[str, str]:
    """Version and variant by the growthbook package, under the routes the answer names."""
    revision = answer.facts["revision"]
    by_route = history.expected(revision, MODEL, answer.key)
    if answer.facts["reason"] in IN_PLACE:
        return history.feature(revision, MODEL)["defaultValue"]["serve"], by_route.variant
    return by_route.serve, by_route.variant


def _count(verdict: Verdict, seen: Seen, records: Records) -> None:
    verdict.fallbacks = sum(answer.facts["reason"] in IN_PLACE for answer in seen.answers)
    acknowledged = [answer.decision_id for answer in seen.answers if answer.decision_id is not None]
    verdict.acknowledged = len(acknowledged)
    verdict.found = sum(one in records.decisions for one in acknowledged)
    if verdict.found != verdict.acknowledged:
        lost = verdict.acknowledged - verdict.found
        verdict.missed.append(f"{lost} acknowledged decisions are not in the log")
    verdict.missed += records.gaps()[:SHOWN]
