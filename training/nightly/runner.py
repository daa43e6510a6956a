"""Carries out the steps: takes what is there, retries what may pass, writes down each one."""

import time
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from training.errors import ConsentError, OrderError, ParityError
from training.lake import load_record, save_record
from training.nightly import freed_memory
from training.nightly import record as records
from training.nightly.errors import BadDataError, DeskError, PassingError
from training.nightly.finding import Finding, of_order_error
from training.nightly.night import Night
from training.nightly.record import GOOD, MAX_ERROR, Outcome, RunRecord, StepRecord
from training.nightly.retry import waits
from training.nightly.step import Step
from training.settings import Settings

# What ends a step without ending the night: other models still get their versions.
EXPECTED = (BadDataError, ContractError, DeskError, ParityError, PassingError)


def run(steps: tuple[Step, ...], night: Night) -> RunRecord:
    """Every step in order; returns the record, which is on disk after each of them."""
    outputs: dict[str, Any] = {}
    for step in steps:
        inputs = {need: outputs[need].digest for need in step.needs if need in outputs}
        if len(inputs) < len(step.needs):
            _keep(night, StepRecord(step=step.name, outcome=Outcome.SKIPPED, inputs=inputs))
            continue
        known = known_output(night, step, inputs)
        if known is None:
            known = _carry_out(night, step, inputs, outputs)
        if known is not None:
            outputs[step.name] = known
    return night.record


def known_output(night: Night, step: Step, inputs: dict[str, str]) -> Any:
    """What this run, or an earlier one on the same inputs, gave and still has; else None."""
    earlier = night.record.step(step.name)
    done = earlier is not None and earlier.outcome in GOOD and earlier.inputs == inputs
    if earlier is not None and done and not step.anew:
        output = msgspec.convert(earlier.output, step.gives)
        if step.present(output):
            night.tell(earlier)
            return output
    output = kept(night.settings, step, inputs)
    if output is not None:
        _keep(night, _good(step, inputs, output, Outcome.CACHED))
    return output


def kept(settings: Settings, step: Step, inputs: dict[str, str]) -> Any:
    """What an earlier run gave for the same inputs, if it is still there whole."""
    if not step.cached:
        return None
    output = load_record(settings.lake, _place(step), step.key(inputs), step.gives)
    return output if output is not None and step.present(output) else None


def _carry_out(
    night: Night, step: Step, inputs: dict[str, str], outputs: dict[str, Any]
) -> Any | None:
    """Do a step, again and again while what stops it may pass; None if it did not come about."""
    began = time.perf_counter()
    _keep(night, StepRecord(step=step.name, outcome=Outcome.RUNNING, inputs=inputs))
    pauses = list(waits(seed=int(night.record.asked[:8], 16)))
    for attempt, pause in enumerate([*pauses, None], 1):
        try:
            output = step.run(night, *step.arguments, *(outputs[need] for need in step.needs))
        except EXPECTED as error:
            if pause is not None and isinstance(error, PassingError):
                night.sleep(max(pause, error.after_s or 0.0))
                continue
            _keep(night, _bad(step, inputs, error, time.perf_counter() - began, attempt))
            return None
        finally:
            freed_memory.give_back()
        if step.cached:
            save_record(night.settings.lake, _place(step), step.key(inputs), output)
        took = time.perf_counter() - began
        _keep(night, _good(step, inputs, output, Outcome.DONE, took, attempt))
        return output
    return None


def _place(step: Step) -> str:
    return f"nightly-{step.name.replace(' ', '-')}"


def _good(
    step: Step,
    inputs: dict[str, str],
    output: Any,
    outcome: Outcome,
    seconds: float = 0.0,
    attempts: int = 0,
) -> StepRecord:
    return StepRecord(
        step=step.name,
        outcome=outcome,
        inputs=inputs,
        output_digest=output.digest,
        output=msgspec.to_builtins(output),
        seconds=round(seconds, 3),
        attempts=attempts,
    )


def _bad(
    step: Step, inputs: dict[str, str], error: Exception, seconds: float, attempts: int
) -> StepRecord:
    """An order file that cannot be read as declared is bad data like any other."""
    findings: tuple[Finding, ...] = ()
    if isinstance(error, BadDataError):
        findings = error.findings
    elif isinstance(error, OrderError) and not isinstance(error, ConsentError):
        findings = (of_order_error(error),)
    return StepRecord(
        step=step.name,
        outcome=Outcome.STOPPED if findings else Outcome.FAILED,
        inputs=inputs,
        seconds=round(seconds, 3),
        attempts=attempts,
        error=str(error)[:MAX_ERROR],
        findings=findings,
    )


def _keep(night: Night, step: StepRecord) -> None:
    night.record = night.record.with_step(step)
    records.save(night.settings.lake, night.record)
    night.tell(step)
