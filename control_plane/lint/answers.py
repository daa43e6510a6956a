"""What the linter answers."""

from typing import Annotated, Any

from control_plane.answer import Answer, Shown
from control_plane.lint.finding import Severity


class FindingOut(Answer):
    """One thing that is wrong with a payload."""

    severity: Severity
    code: str
    """Stable: docs/lint.md."""
    feature: str | None
    """Null: the whole payload."""
    rule: int | None
    """Its index among the feature's rules."""
    field: str
    """A path from the feature."""
    found: str
    do: str
    """How to mend it."""


class FindingsOut(Answer):
    """All that is wrong, and how much of it keeps the payload from being published."""

    errors: int
    warnings: int
    findings: list[FindingOut]


Findings = Annotated[dict[str, Any], Shown(FindingsOut)]
