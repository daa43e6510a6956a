"""What is going on, on stderr: one line a step as it ends, with its place in the night."""

import sys
from typing import TextIO

from training.nightly.record import Outcome, RunRecord, StepRecord


class Told:
    """Tells of each step once it is over. ``total``: how many there are."""

    def __init__(self, total: int, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._total = total
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._done = 0

    def __call__(self, step: StepRecord) -> None:
        """A step began or ended."""
        if self._quiet:
            return
        if step.outcome is Outcome.RUNNING:
            if self._stream.isatty():
                self._stream.write(f"  [{self._done + 1}/{self._total}] {step.step} …\r")
                self._stream.flush()
            return
        self._done += 1
        attempts = f", {step.attempts} attempts" if step.attempts > 1 else ""
        self._stream.write(
            f"  [{self._done}/{self._total}] {step.step:<28}{step.outcome.value:<9}"
            f"{step.seconds:7.1f} s{attempts}\n"
        )
        if step.error:
            self._stream.write(f"      {step.error}\n")
        self._stream.flush()


def unread(record: RunRecord) -> dict[str, str]:
    """Streams of the shop that tonight's sync gave up, and why."""
    synced = record.step("sync")
    output = {} if synced is None or synced.output is None else synced.output
    found: dict[str, str] = output.get("unread", {})
    return found


def summary(record: RunRecord) -> str:
    """The end of it: what each model came to."""
    lines = []
    for stream, why in unread(record).items():
        lines.append(f"{stream}: not read ({why}); the night went on with what was read before")
    for model in record.models:
        built, drafted = record.step(f"package {model}"), record.step(f"draft {model}")
        if built is None or built.output is None:
            lines.append(f"{model}: no version tonight; what served goes on serving")
            continue
        line = f"{built.output['version']}  {built.output['state']}"
        if drafted is not None and drafted.output is not None:
            line += f"; draft {drafted.output['action']}: {drafted.output['why']}"
        lines.append(line)
    if record.let_go:
        gone = ", ".join(f"{count} of {place}" for place, count in sorted(record.let_go.items()))
        lines.append(f"let go, as their time was over: {gone}")
    if record.held is not None:
        lines.append(f"no dataset and no lines were let go: {record.held}")
    for place, why in sorted(record.stuck.items()):
        lines.append(f"{place}: could not be let go ({why}); it stays")
    if record.untold is not None:
        lines.append(f"the control plane was not told of this night: {record.untold}")
    return "\n".join(lines)
