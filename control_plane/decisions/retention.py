"""Whole days of decisions whose time is over go: told first, recorded, never silently.

Each stream has its own time. The register itself never expires: roots stay, and say which
decisions there were. An event comes before the files go; killed in between, the next pass
deletes what the event already told of.
"""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import col, select

from bentos.contract.register import Action
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part, parse_partition
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.decisions.lease import Lease
from control_plane.decisions.retention_times import Retention
from control_plane.principal import Principal

RUNS_AN_EVENT = 1000


@dataclass(frozen=True)
class Expiry:
    """One day of one part, all models. ``rows`` and ``size`` (bytes) are what would go."""

    part: str
    day: str
    files: int
    rows: int
    size: int

    @property
    def entity(self) -> str:
        """How the register names it."""
        return f"decisions:{self.part}/{self.day}"

    def as_json(self) -> dict[str, Any]:
        """For the API."""
        return asdict(self)


def due(lake: Lake, retention: Retention, today: date) -> list[Expiry]:
    """What would go now; shadows and personal parts before their public ones."""
    found = []
    for part in (Part.SHADOW, Part.PERSONAL, Part.PUBLIC):
        days = retention.days(part)
        if days is None:
            continue
        last = (today - timedelta(days=days)).isoformat()
        found += [_measured(lake, part, day) for day in lake.days(part) if day < last]
    return [each for each in found if each.files]


def expire(
    lake: Lake, database: Database, principal: Principal, retention: Retention, today: date
) -> list[Expiry]:
    """Delete what is due; returns what went. Raises ConflictError while files are rewritten."""
    found = due(lake, retention, today)
    if not found:
        return []
    lease = Lease(database)
    with lease.hold():
        for each in found:
            lease.renew()
            _record(lake, database, principal, each, retention)
            for path in lake.files(each.part, each.day):
                lease.renew()
                lake.remove(path)
            for path in lake.leftovers(each.part, each.day):
                lake.remove(path)
    return found


def _measured(lake: Lake, part: Part, day: str) -> Expiry:
    paths = lake.files(part, day)
    rows = sum(lake.metadata(path).num_rows for path in paths)
    return Expiry(part.value, day, len(paths), rows, sum(map(lake.size, paths)))


def _record(
    lake: Lake, database: Database, principal: Principal, expiry: Expiry, retention: Retention
) -> None:
    """The event; those of public parts say which numbers of which boots went."""
    with database.read() as session:
        query = select(EventRow.diff).where(
            col(EventRow.action) == Action.DECISION_EXPIRE.value,
            col(EventRow.entity) == expiry.entity,
        )
        told = {run_key(run) for diff in session.exec(query) for run in diff["runs"]}
    runs = [run for run in _runs(lake, expiry) if run_key(run) not in told]
    for start in range(0, len(runs), RUNS_AN_EVENT):
        details = {
            **expiry.as_json(),
            "kept_days": retention.days(Part(expiry.part)),
            "runs": runs[start : start + RUNS_AN_EVENT],
        }
        change = Change(action=Action.DECISION_EXPIRE, entity=expiry.entity, details=details)
        with database.write() as session:
            record(session, principal, change)


def run_key(run: dict[str, Any]) -> tuple[Any, ...]:
    """Tells runs apart."""
    return tuple(run[name] for name in sorted(run))


def _runs(lake: Lake, expiry: Expiry) -> list[dict[str, Any]]:
    """Per file: its model and rows, and of public parts first and last number in each boot."""
    runs: list[dict[str, Any]] = []
    for path in lake.files(expiry.part, expiry.day):
        file = {"model": parse_partition(path)[1], "file": path.rpartition("/")[2]}
        if expiry.part != Part.PUBLIC:
            runs.append({**file, "rows": lake.metadata(path).num_rows})
            continue
        table = lake.read(path, ["gateway", "boot", "seq"])
        grouped = table.group_by(["gateway", "boot"]).aggregate(
            [("seq", "min"), ("seq", "max"), ("seq", "count")]
        )
        runs += [
            {
                **file,
                "gateway": row["gateway"],
                "boot": row["boot"],
                "first_seq": row["seq_min"],
                "last_seq": row["seq_max"],
                "rows": row["seq_count"],
            }
            for row in grouped.to_pylist()
        ]
    return runs
