"""What the schedule remembers over restarts: ``lake/runs/nightly/schedule.json``."""

from datetime import datetime
from pathlib import Path

import msgspec

from training import atomic
from training.nightly.record import folder

FILE = "schedule.json"
KEPT_RUNS = 30


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One run the schedule started. ``ended_at`` None: it is under way, or was broken off."""

    due: datetime
    started_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None


class ScheduleState(msgspec.Struct, frozen=True, kw_only=True):
    """``seen``: the last due moment that needs nothing any more. ``next``: when it runs again."""

    seen: datetime
    cron: str
    zone: str
    next: datetime | None = None
    runs: tuple[Ran, ...] = ()

    def started(self, run: Ran) -> "ScheduleState":
        """With a run under way."""
        return msgspec.structs.replace(self, runs=(*self.runs, run)[-KEPT_RUNS:])

    def ended(self, run: Ran, *, settled: bool) -> "ScheduleState":
        """With its last run over; ``settled``: its moment needs nothing any more."""
        runs = (*self.runs[:-1], run)
        seen = run.due if settled else self.seen
        return msgspec.structs.replace(self, runs=runs, seen=seen)


def load(lake: Path) -> ScheduleState | None:
    """What is remembered. A file that cannot be read is as none: the schedule begins anew."""
    path = folder(lake) / FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=ScheduleState)
    except msgspec.MsgspecError:
        return None


def save(lake: Path, state: ScheduleState) -> None:
    """Remember, whole or not at all."""
    content = msgspec.json.format(msgspec.json.encode(state), indent=2)
    atomic.write_bytes(folder(lake) / FILE, content)
