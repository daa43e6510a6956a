"""What a release says it will do: the content that approvals are bound to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from bentos.contract.manifest import VersionState
from bentos.contract.route import BUCKETS, weight_to_buckets
from control_plane.db import ReadSession
from control_plane.errors import PolicyError
from control_plane.registry.history import stable_of
from control_plane.registry.service import attribute_types, get_model, get_version
from control_plane.releases.condition import check_condition

MAX_STEPS = 50


class Kind(StrEnum):
    """``bootstrap``: the first version of a model, straight to promoted."""

    STANDARD = "standard"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A release's content. ``steps`` are weights; approvals cover all of this and no more."""

    model: str
    candidate: str
    stable: str | None
    kind: Kind
    shadow: bool
    steps: tuple[int, ...]
    condition: dict[str, Any] | None

    @property
    def digest(self) -> str:
        """SHA-256 hex over the canonical JSON of the content."""
        return canonical.digest(
            {
                "model": self.model,
                "candidate": self.candidate,
                "stable": self.stable,
                "kind": self.kind.value,
                "shadow": self.shadow,
                "steps": list(self.steps),
                "condition": self.condition,
            }
        )


def make_plan(
    session: ReadSession,
    *,
    model: str,
    candidate: str,
    kind: str,
    shadow: bool,
    steps: list[float],
    condition: dict[str, Any] | None,
) -> Plan:
    """Check a plan against what exists; raises ContractError, NotFoundError or PolicyError."""
    get_model(session, model)
    version = get_version(session, candidate)
    if version.model != model:
        raise ContractError("candidate", f"a version of {model}", candidate)
    check_releasable(version.version, version.state)
    stable = stable_of(session, model)
    bootstrap = Kind(kind) is Kind.BOOTSTRAP
    if bootstrap and stable is not None:
        raise PolicyError(f"{model} has a stable version already: {stable}")
    if not bootstrap and stable is None:
        raise PolicyError(f"{model} has no stable version yet: its first release is a bootstrap")
    if candidate == stable:
        raise PolicyError(f"{candidate} is the stable version of {model} already")
    if condition is not None:
        check_condition(condition, attribute_types(session))
    return Plan(
        model=model,
        candidate=candidate,
        stable=stable,
        kind=Kind(kind),
        shadow=shadow and not bootstrap,
        steps=() if bootstrap else _buckets(steps),
        condition=None if bootstrap else condition,
    )


def check_releasable(version: str, state: str) -> None:
    """Raise PolicyError for rejected and retired versions."""
    if state != VersionState.REGISTERED.value:
        raise PolicyError(f"{version} is {state} and cannot be released")


def _buckets(steps: list[float]) -> tuple[int, ...]:
    if not 0 < len(steps) <= MAX_STEPS:
        raise ContractError("steps", f"1 to {MAX_STEPS} weights", steps)
    buckets = tuple(weight_to_buckets(each, f"steps[{i}]") for i, each in enumerate(steps))
    for index, each in enumerate(buckets):
        lowest = buckets[index - 1] if index else 0
        if not lowest < each <= BUCKETS:
            field = f"steps[{index}]"
            raise ContractError(field, f"more than {lowest / BUCKETS}, at most 1", steps[index])
    return buckets
