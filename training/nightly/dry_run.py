"""What a night would do now, and why, without doing any of it."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from training.nightly import record as records
from training.nightly.became import Became
from training.nightly.record import GOOD, RunRecord
from training.nightly.settings import NightlySettings
from training.nightly.start import Ask, resumable
from training.nightly.step import Step
from training.nightly.unneeded import Unneeded, find
from training.settings import Settings


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """One step: ``would`` is ``run``, ``take`` (what is there) or ``ask`` (the world decides)."""

    step: str
    would: str
    why: str


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--dry-run --json`` prints. ``lets_go``: datasets and lines past their time, as far as
    it is known without the control plane and tonight's lines: the last night's stand for these."""

    resumes: str | None
    steps: tuple[Foreseen, ...]
    lets_go: Unneeded = Unneeded()


def foresee(
    settings: Settings, nightly: NightlySettings, steps: tuple[Step, ...], ask: Ask
) -> DryRun:
    """Reads records and looks for files; writes nothing, asks no service.

    What a step gives is known only where it, and all it needs, is there from the last run.
    """
    last = records.newest(settings.lake)
    resumed = last if last is not None and not ask.fresh and resumable(last, ask) else None
    known: dict[str, str] = {}
    foreseen = [_step(settings, step, last, resumed, known) for step in steps]
    return DryRun(
        resumes=None if resumed is None else resumed.id,
        steps=tuple(foreseen),
        lets_go=find(
            settings, nightly, last, min(ask.now, datetime.now(UTC)), None, Became.of(settings.lake)
        ),
    )


def _step(
    settings: Settings,
    step: Step,
    last: RunRecord | None,
    resumed: RunRecord | None,
    known: dict[str, str],
) -> Foreseen:
    from training.nightly.runner import kept  # noqa: PLC0415

    missing = [need for need in step.needs if need not in known]
    inputs = {need: known[need] for need in step.needs if need in known}
    earlier = None if last is None else last.step(step.name)
    if resumed is not None and earlier is not None and earlier.outcome in GOOD:
        done = msgspec.convert(earlier.output, step.gives)
        if not missing and earlier.inputs == inputs and step.present(done):
            known[step.name] = str(earlier.output_digest)
            return Foreseen(step=step.name, would="take", why=f"done in {resumed.id}")
    if not step.cached:
        # As last night, to foresee what hangs on it.
        if earlier is not None and earlier.output_digest is not None:
            known[step.name] = earlier.output_digest
        return Foreseen(step=step.name, would="ask", why="asked anew each night")
    if missing:
        return Foreseen(step=step.name, would="run", why=f"not known yet: {', '.join(missing)}")
    output: Any = kept(settings, step, inputs)
    if output is not None:
        known[step.name] = output.digest
        return Foreseen(step=step.name, would="take", why="kept for the same inputs, if they stay")
    return Foreseen(step=step.name, would="run", why="nothing is kept for these inputs")
