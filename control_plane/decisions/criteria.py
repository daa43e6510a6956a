"""Which decisions are asked for: checked values, and the SQL condition they make."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bentos.contract.decision import Reason
from bentos.contract.errors import ContractError
from control_plane import clock

DEFAULT_DAYS = 30
MAX_DAYS = 800


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """All that are given must hold: ``since`` ≤ time < ``until``; ``version`` assigned or served.

    ``subjects``: pseudonyms, any of which the decision may be about.
    """

    since: datetime
    until: datetime
    model: str | None = None
    version: str | None = None
    release: str | None = None
    step: int | None = None
    reason: str | None = None
    subjects: tuple[str, ...] = ()

    @property
    def days(self) -> tuple[date, date]:
        """First and last day they may lie in."""
        return self.since.date(), self.until.date()

    def condition(self) -> tuple[str, dict[str, Any]]:
        """SQL over the public columns, and its parameters. Subjects are not among them."""
        given = {name: value for name, value in self._columns().items() if value is not None}
        parts = ["time >= $since", "time < $until", *(f"{name} = ${name}" for name in given)]
        values: dict[str, Any] = {"since": self.since, "until": self.until, **given}
        if self.version is not None:
            parts.append("(assigned_version = $version OR served_version = $version)")
            values["version"] = self.version
        return " AND ".join(parts), values

    def holds(self, row: dict[str, Any]) -> bool:
        """The same of one public row."""
        given = {name: value for name, value in self._columns().items() if value is not None}
        return (
            self.since <= datetime.fromisoformat(row["at"]) < self.until
            and all(row[name] == value for name, value in given.items())
            and self.version in (None, row["assigned_version"], row["served_version"])
        )

    def _columns(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "release_id": self.release,
            "step": self.step,
            "reason": self.reason,
        }


def make_criteria(
    *, since: str | None = None, until: str | None = None, reason: str | None = None, **more: Any
) -> Criteria:
    """Criteria from texts; the last 30 days where no time is given. Raises ContractError."""
    end = _moment(until, "until") if until else datetime.now(UTC) + timedelta(minutes=1)
    start = _moment(since, "since") if since else _before(end, DEFAULT_DAYS)
    if start >= end:
        raise ContractError("since", f"a time before until, {end.isoformat()}", since)
    if end - start > timedelta(days=MAX_DAYS):
        raise ContractError("since", f"at most {MAX_DAYS} days before until", since)
    if reason is not None and reason not in {each.value for each in Reason}:
        raise ContractError("reason", f"one of {[each.value for each in Reason]}", reason)
    return Criteria(since=start, until=end, reason=reason, **more)


def _moment(text: str, field: str) -> datetime:
    return datetime.fromisoformat(clock.parse(text, field))


def _before(end: datetime, days: int) -> datetime:
    try:
        return end - timedelta(days=days)
    except OverflowError as error:
        raise ContractError("until", f"a time {days} days after the year 1", str(end)) from error
