"""What verification found, for people and scripts."""

from dataclasses import asdict, dataclass, field
from typing import Any

SHOWN_PROBLEMS = 100


@dataclass
class Findings:
    """``unregistered``: files of segments the register does not have (yet). ``redacted``,
    ``expired`` and ``expired_personal`` count decisions of which something is missing lawfully."""

    segments: int = 0
    decisions: int = 0
    redacted: int = 0
    expired: int = 0
    expired_personal: int = 0
    unregistered: list[str] = field(default_factory=list)
    problem_count: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything registered is there, unaltered."""
        return self.problem_count == 0

    def add(self, segment: str, problem: str) -> None:
        """Count a problem, and keep the first of them in words."""
        self.problem_count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(f"{segment}: {problem}")

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        return {"ok": self.ok, **asdict(self)}
