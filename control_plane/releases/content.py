"""A stored release as its plan, as its author said it, and as the register sees it."""

from dataclasses import dataclass, field
from typing import Any

from bentos.contract.route import BUCKETS
from control_plane.releases.lifecycle import Facts
from control_plane.releases.models import ReleaseRow
from control_plane.releases.plan import Kind, Plan
from control_plane.releases.steps import Step, show_step, unpack_step


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a release is made of, as its author says it.

    ``steps``: weights, or objects with ``weight``, ``hold_s``, ``minimum_sample`` and
    ``manual_gate`` (``steps.Step``).
    """

    model: str
    candidate: str
    kind: str = Kind.STANDARD.value
    shadow: bool = True
    steps: list[Any] = field(default_factory=lambda: [0.05, 0.25])
    condition: dict[str, Any] | None = None
    reason: str = ""
    ticket: str | None = None


def steps_of(row: ReleaseRow) -> tuple[Step, ...]:
    """The plan's steps."""
    return tuple(unpack_step(each) for each in row.steps)


def plan_of(row: ReleaseRow) -> Plan:
    """The content of a stored release."""
    return Plan(
        model=row.model,
        candidate=row.candidate,
        stable=row.stable,
        kind=Kind(row.kind),
        shadow=row.shadow,
        steps=steps_of(row),
        condition=row.condition,
    )


def draft_of(row: ReleaseRow) -> Draft:
    """What its author would say to get this content."""
    return Draft(
        model=row.model,
        candidate=row.candidate,
        kind=row.kind,
        shadow=row.shadow,
        steps=[show_step(step) for step in steps_of(row)],
        condition=row.condition,
        reason=row.reason,
        ticket=row.ticket,
    )


def release_content(row: ReleaseRow) -> dict[str, Any]:
    """A release as the register sees it. ``steps`` are its weights, ``plan`` all of its steps."""
    members = row.model_dump(exclude={"buckets", "steps"})
    steps = steps_of(row)
    members["weight"] = row.buckets / BUCKETS
    members["steps"] = [step.buckets / BUCKETS for step in steps]
    members["plan"] = [show_step(step) for step in steps]
    return members


def facts_of(row: ReleaseRow) -> Facts:
    """What the lifecycle table asks about a release."""
    bootstrap = row.kind == Kind.BOOTSTRAP.value
    return Facts(bootstrap=bootstrap, shadow=row.shadow, exposed=row.step > 0)
