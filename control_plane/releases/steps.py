"""A plan's steps, and whether the way on from one is open; pure, no clock and no database.

A step is a weight and what must be met before the canary may leave it upwards: a time at that
weight, a number of people who got the candidate, a gate that a second person opens. A step
that asks for none of these is a suggestion and may be passed over; one that asks for something
binds: it is neither left nor skipped before it was met. Going back is never asked about here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS, weight_to_buckets

MAX_STEPS = 50
MAX_HOLD_S = 90 * 86_400
MAX_SAMPLE = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Step:
    """``buckets`` of 10,000 to the candidate; the rest is asked before going on from there.

    ``hold_s``: seconds at this weight. ``minimum_sample``: distinct subjects assigned to the
    candidate in this step. ``manual_gate``: somebody who did not shape the plan must open it.
    """

    buckets: int
    hold_s: int = 0
    minimum_sample: int = 0
    manual_gate: bool = False

    @property
    def binds(self) -> bool:
        """Whether anything is asked."""
        return bool(self.hold_s or self.minimum_sample or self.manual_gate)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What is known of the present step. ``seconds`` since its weight was set.

    ``subjects``: distinct ones assigned to the candidate in it; None when nobody can say.
    """

    buckets: int
    seconds: float
    subjects: int | None
    gate_opened: bool


def why_closed(steps: Sequence[Step], progress: Progress, to: int | None) -> list[str]:
    """Why the canary may not go up to ``to`` buckets (None: promoted); empty when it may."""
    present = present_step(steps, progress.buckets)
    reasons = [] if present is None else _unmet(present, progress)
    for index, step in enumerate(steps):
        skipped = progress.buckets < step.buckets and (to is None or step.buckets < to)
        if skipped and step.binds:
            asked = ", ".join(_asked(step))
            reasons.append(f"step {index + 1} of the plan ({_percent(step)}) asks for {asked}")
    return reasons


def present_step(steps: Sequence[Step], buckets: int) -> Step | None:
    """The highest planned step that this weight has reached; None below the first."""
    reached = [step for step in steps if step.buckets <= buckets]
    return reached[-1] if reached else None


def _unmet(step: Step, progress: Progress) -> list[str]:
    reasons = []
    # A clock that was set back makes the time in the step negative: then none has passed.
    passed = max(0.0, progress.seconds)
    if passed < step.hold_s:
        reasons.append(
            f"the step at {_percent(step)} holds for {step.hold_s} s, {int(passed)} s have passed"
        )
    if step.minimum_sample and progress.subjects is None:
        reasons.append(
            f"the step at {_percent(step)} needs {step.minimum_sample} subjects on the candidate, "
            "and there is no data to count them in"
        )
    elif progress.subjects is not None and progress.subjects < step.minimum_sample:
        reasons.append(
            f"the step at {_percent(step)} needs {step.minimum_sample} subjects on the candidate, "
            f"{progress.subjects} are recorded"
        )
    if step.manual_gate and not progress.gate_opened:
        reasons.append(f"the gate of the step at {_percent(step)} was not opened")
    return reasons


def _asked(step: Step) -> list[str]:
    asked = []
    if step.hold_s:
        asked.append(f"{step.hold_s} s")
    if step.minimum_sample:
        asked.append(f"{step.minimum_sample} subjects")
    if step.manual_gate:
        asked.append("its gate")
    return asked


def _percent(step: Step) -> str:
    return f"{step.buckets * 100 / BUCKETS:g} %"


def read_steps(given: Sequence[Any]) -> tuple[Step, ...]:
    """Steps as somebody wrote them, weights or objects; raises ContractError naming the field."""
    if not 0 < len(given) <= MAX_STEPS:
        raise ContractError("steps", f"1 to {MAX_STEPS} weights or steps", list(given))
    steps = tuple(_read(each, f"steps[{index}]") for index, each in enumerate(given))
    lowest = 0
    for index, step in enumerate(steps):
        if step.buckets <= lowest:
            field = f"steps[{index}]"
            raise ContractError(field, f"more than {lowest / BUCKETS}, at most 1", given[index])
        lowest = step.buckets
    return steps


def show_step(step: Step) -> dict[str, Any]:
    """A step as ``read_steps`` takes it."""
    return {
        "weight": step.buckets / BUCKETS,
        "hold_s": step.hold_s,
        "minimum_sample": step.minimum_sample,
        "manual_gate": step.manual_gate,
    }


def pack_step(step: Step) -> int | dict[str, Any]:
    """A step as it is stored and digested: one that asks nothing is its number of buckets.

    That is what every step was once, so contents of that time keep their digests.
    """
    if not step.binds:
        return step.buckets
    return asdict(step)


def unpack_step(stored: int | dict[str, Any]) -> Step:
    """The step behind ``pack_step``."""
    if isinstance(stored, int):
        return Step(buckets=stored)
    return Step(**stored)


def _read(given: Any, field: str) -> Step:
    if not isinstance(given, dict):
        return Step(buckets=weight_to_buckets(given, field))
    unknown = given.keys() - {"weight", "hold_s", "minimum_sample", "manual_gate"}
    if unknown:
        name = min(unknown, key=str)
        expected = "weight, hold_s, minimum_sample, manual_gate"
        raise ContractError(f"{field}.{name}", f"one of {expected}", name)
    gate = given.get("manual_gate", False)
    if not isinstance(gate, bool):
        raise ContractError(f"{field}.manual_gate", "true or false", gate)
    return Step(
        buckets=weight_to_buckets(given.get("weight"), f"{field}.weight"),  # type: ignore[arg-type]
        hold_s=_whole(given.get("hold_s", 0), MAX_HOLD_S, f"{field}.hold_s"),
        minimum_sample=_whole(
            given.get("minimum_sample", 0), MAX_SAMPLE, f"{field}.minimum_sample"
        ),
        manual_gate=gate,
    )


def _whole(value: Any, most: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ContractError(field, f"a whole number from 0 to {most}", value)
    return value
