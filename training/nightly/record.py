"""The run manifest: what a night did, step by step, in a file that is whole after each step.

``lake/runs/nightly/<id>.json``. It is written as a step begins and again as it ends, so after a
kill it says which step was under way.
"""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from training import atomic
from training.nightly.finding import Finding
from training.nightly.gone import Went

FOLDER = "nightly"
MAX_ERROR = 4000


class Outcome(StrEnum):
    """How a step ended. ``stopped``: the data was not fit; ``skipped``: it needs what failed."""

    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"


GOOD = frozenset({Outcome.DONE, Outcome.CACHED})
BAD = frozenset({Outcome.FAILED, Outcome.STOPPED})


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One step: digests of what it took and gave, and how it went. ``seconds``: of this process."""

    step: str
    outcome: Outcome
    inputs: dict[str, str]
    output_digest: str | None = None
    output: Any = None
    seconds: float = 0.0
    attempts: int = 0
    error: str | None = None
    findings: tuple[Finding, ...] = ()


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A night. ``asked`` is a digest of what was asked for: only the same is resumed.

    ``accept``: checks that a person overruled for this run. ``untold``: why the control plane
    does not know of it. ``let_go``: place → how much was taken away at the end, as its time was
    over, ``went`` what, and by which rule; ``held``: why no dataset and no lines were; ``stuck``:
    place → why it could not be.
    """

    id: str
    asked: str
    day: str
    started_at: datetime
    models: tuple[str, ...]
    steps: tuple[StepRecord, ...] = ()
    resumed: int = 0
    accept: tuple[str, ...] = ()
    ended_at: datetime | None = None
    peak_rss_mb: float = 0.0
    untold: str | None = None
    let_go: dict[str, int] = {}
    went: tuple[Went, ...] = ()
    held: str | None = None
    stuck: dict[str, str] = {}
    schema: int = 1

    def step(self, name: str) -> StepRecord | None:
        """What is known of a step."""
        return next((step for step in self.steps if step.step == name), None)

    def with_step(self, step: StepRecord) -> "RunRecord":
        """The record with this step's entry replaced or added."""
        if self.step(step.step) is None:
            return msgspec.structs.replace(self, steps=(*self.steps, step))
        steps = tuple(step if each.step == step.step else each for each in self.steps)
        return msgspec.structs.replace(self, steps=steps)

    @property
    def digests(self) -> dict[str, str | None]:
        """Step → digest of what it gave."""
        return {step.step: step.output_digest for step in self.steps}

    def worst(self) -> Outcome:
        """``stopped`` before ``failed`` before ``done``."""
        outcomes = {step.outcome for step in self.steps}
        for outcome in (Outcome.STOPPED, Outcome.FAILED, Outcome.RUNNING):
            if outcome in outcomes:
                return outcome
        return Outcome.DONE


def folder(lake: Path) -> Path:
    """Where the run manifests lie."""
    return lake / "runs" / FOLDER


def save(lake: Path, record: RunRecord) -> Path:
    """Write the manifest, whole or not at all."""
    path = folder(lake) / f"{record.id}.json"
    atomic.write_bytes(path, msgspec.json.format(msgspec.json.encode(record), indent=2))
    return path


def load(path: Path) -> RunRecord:
    """A run manifest; raises ContractError for what is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError(str(path), "a run manifest", str(error)) from error


def newest(lake: Path) -> RunRecord | None:
    """The run that began last; ids sort by time."""
    found = sorted(folder(lake).glob("[0-9]*.json"))
    return load(found[-1]) if found else None
