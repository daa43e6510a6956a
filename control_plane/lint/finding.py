"""One thing that is wrong with a payload, in words for whoever has to mend it."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

MAX_SHOWN = 120


class Severity(StrEnum):
    """An error keeps a payload from being published; a warning is shown and recorded."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``feature`` None: the whole payload. ``rule``: index in ``rules``; None: none of them.

    ``code`` is stable and documented in docs/lint.md; ``field`` is a path from the feature.
    """

    severity: Severity
    code: str
    feature: str | None
    rule: int | None
    field: str
    found: str
    do: str

    def as_json(self) -> dict[str, Any]:
        """For the API and the register."""
        return asdict(self) | {"severity": self.severity.value}

    def sentence(self) -> str:
        """The same as one line."""
        where = ".".join(each for each in (self.feature, self.field) if each)
        return f"{self.code}: {where or 'payload'}: {self.found}; {self.do}"


@dataclass(frozen=True)
class Place:
    """Where in a payload something stands, and the way to say what is wrong there."""

    feature: str | None = None
    rule: int | None = None
    field: str = ""

    def at(self, step: str | int) -> "Place":
        """A member, or an element, of what stands here."""
        if isinstance(step, int):
            return Place(self.feature, self.rule, f"{self.field}[{step}]")
        return Place(self.feature, self.rule, f"{self.field}.{step}" if self.field else step)

    def error(self, code: str, found: Any, do: str) -> Finding:
        """What keeps the payload from being published."""
        return self._finding(Severity.ERROR, code, found, do)

    def warning(self, code: str, found: Any, do: str) -> Finding:
        """What is probably not meant."""
        return self._finding(Severity.WARNING, code, found, do)

    def _finding(self, severity: Severity, code: str, found: Any, do: str) -> Finding:
        text = found if isinstance(found, str) else repr(found)
        shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
        return Finding(
            severity=severity,
            code=code,
            feature=self.feature,
            rule=self.rule,
            field=self.field,
            found=shown,
            do=do,
        )


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that keep a payload from being published."""
    return tuple(each for each in findings if each.severity is Severity.ERROR)
