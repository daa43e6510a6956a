"""What a release says it will do: the content that approvals are bound to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from bentos.contract.manifest import VersionState
from control_plane.consents.withdrawn import why_withdrawn
from control_plane.db import ReadSession
from control_plane.errors import PolicyError
from control_plane.registry.history import stable_of
from control_plane.registry.integrity import why_tampered
from control_plane.registry.models import VersionRow
from control_plane.registry.service import attribute_types, get_model, get_version
from control_plane.releases.condition import check_condition
from control_plane.releases.steps import Step, pack_step, read_steps


class Kind(StrEnum):
    """``bootstrap``: the first version of a model, straight to promoted."""

    STANDARD = "standard"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A release's content; approvals cover all of this and no more."""

    model: str
    candidate: str
    stable: str | None
    kind: Kind
    shadow: bool
    steps: tuple[Step, ...]
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
                "steps": [pack_step(step) for step in self.steps],
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
    steps: list[Any],
    condition: dict[str, Any] | None,
) -> Plan:
    """Check a plan against what exists; raises ContractError, NotFoundError or PolicyError."""
    get_model(session, model)
    version = get_version(session, candidate)
    if version.model != model:
        raise ContractError("candidate", f"a version of {model}", candidate)
    unfit = why_unfit(session, version)
    if unfit:
        raise PolicyError("; ".join(unfit))
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
        steps=() if bootstrap else read_steps(steps),
        condition=None if bootstrap else condition,
    )


def why_unfit(session: ReadSession, version: VersionRow) -> list[str]:
    """Every reason why nothing may lead to this version now."""
    found = (
        why_unreleasable(version),
        why_tampered(session, version),
        why_withdrawn(session, version),
    )
    return [reason for reason in found if reason is not None]


def why_unreleasable(version: VersionRow) -> str | None:
    """Why nothing may lead to this version: it was rejected or retired. None when it may."""
    if version.state == VersionState.REGISTERED.value:
        return None
    return f"{version.version} is {version.state} and cannot be released"
