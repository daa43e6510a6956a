"""One step of a release under the eye: who got what, and whether that is what the routes say."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from bentos.contract.decision import Reason
from bentos.contract.route import CANARY
from demo.answers import Answer
from demo.evaluation import RoutesHistory
from demo.share import acceptance

# With these another version than the assigned one may answer; the variant stays assigned.
STEPPED_IN = frozenset({Reason.FALLBACK.value, Reason.BUDGET.value, Reason.SHED.value})
SHOWN_MISMATCHES = 5


@dataclass
class Step:
    """``share``: planned for the candidate, over distinct keys. ``release``: its id, if any."""

    name: str
    model: str
    candidate: str
    share: float
    release: str | None
    history: RoutesHistory
    requests: int = 0
    checked: int = 0
    fell_back: int = 0
    seconds: float = 0.0
    mismatches: list[str] = field(default_factory=list)
    canary_by_key: dict[str, bool] = field(default_factory=dict)
    _waiting: list[Answer] = field(default_factory=list)

    def take(self, answer: Answer) -> None:
        """Judge one answer by the routes of the revision it names."""
        self.requests += 1
        if self._waiting:
            self._waiting = [held for held in self._waiting if not self._judged(held)]
        if not self._judged(answer):
            self._waiting.append(answer)

    def finish(self) -> None:
        """Answers whose revision was never published are mismatches."""
        for held in self._waiting:
            if not self._judged(held):
                self.mismatches.append(f"{held.key}: unknown revision {held.revision}")
        self._waiting.clear()

    def result(self) -> dict[str, Any]:
        """What goes into the report."""
        keys = len(self.canary_by_key)
        canaries = sum(self.canary_by_key.values())
        low, high = acceptance(keys, self.share)
        observed = canaries / keys if keys else 0.0
        return {
            "step": self.name,
            "model": self.model,
            "candidate": self.candidate,
            "release": self.release,
            "requests": self.requests,
            "answers_checked": self.checked,
            "variant_mismatches": len(self.mismatches),
            "mismatch_examples": self.mismatches[:SHOWN_MISMATCHES],
            "distinct_keys": keys,
            "planned_share": self.share,
            "observed_share": round(observed, 5),
            "accepted_share": [round(low, 5), round(high, 5)],
            "share_within_plan": low <= observed <= high,
            "stable_stepped_in": self.fell_back,
            "seconds": round(self.seconds, 1),
        }

    def _judged(self, answer: Answer) -> bool:
        if answer.revision not in self.history:
            return False
        expected = self.history.expected(answer.revision, answer.model, answer.key)
        self.checked += 1
        stepped_in = answer.reason in STEPPED_IN
        self.fell_back += stepped_in
        right_version = stepped_in or answer.version == expected.serve
        if answer.variant != expected.variant or not right_version:
            self.mismatches.append(
                f"{answer.key}: {answer.variant}/{answer.version}, "
                f"expected {expected.variant}/{expected.serve} at {answer.revision}"
            )
        if answer.model == self.model and self._belongs(answer.revision):
            self.canary_by_key.setdefault(answer.key, self._gets_candidate(answer))
        return True

    def _belongs(self, revision: str) -> bool:
        """Late answers of the step before are judged, but not counted into this step's share."""
        feature = self.history.feature(revision, self.model)
        rules = feature.get("rules", ())
        if 0 < self.share < 1:
            return any(
                rule["key"] == self.release and rule["ranges"][1][1] == self.share for rule in rules
            )
        serves = feature.get("defaultValue", {}).get("serve")
        return not rules and (serves == self.candidate) is (self.share == 1.0)

    def _gets_candidate(self, answer: Answer) -> bool:
        return answer.variant == CANARY or answer.version == self.candidate


def all_right(results: Iterable[dict[str, Any]], least_keys: int) -> list[str]:
    """What is off in the steps' results, in words; empty when nothing is."""
    problems: list[str] = []
    for result in results:
        name = f"step {result['step']} of {result['model']}"
        if result["variant_mismatches"]:
            problems.append(
                f"{name}: {result['variant_mismatches']} answers differ from the routes"
            )
        if not result["share_within_plan"]:
            problems.append(
                f"{name}: share {result['observed_share']} off {result['planned_share']}"
            )
        if result["release"] is not None and result["distinct_keys"] < least_keys:
            problems.append(f"{name}: only {result['distinct_keys']} distinct keys")
    return problems
