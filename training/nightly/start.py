"""Begins a night, or goes on with one that was broken off."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from training.fingerprint import key_of
from training.lines import OrderSource
from training.nightly import kept, lock, report, runner, unneeded
from training.nightly import record as records
from training.nightly.became import Became
from training.nightly.desk import Desk
from training.nightly.gone import Gone
from training.nightly.night import Night
from training.nightly.plan import plan
from training.nightly.record import RunRecord, StepRecord
from training.nightly.settings import NightlySettings
from training.nightly.stuck import Stuck
from training.run import peak_rss_mb
from training.settings import Settings

# A run that was broken off longer ago is yesterday's: tonight's orders are others.
RESUMED_WITHIN = timedelta(hours=20)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a night. ``now``: what counts as the present (replays say so);
    ``accept``: checks of the data that are overruled tonight."""

    source: OrderSource
    models: tuple[str, ...]
    now: datetime
    fresh: bool = False
    accept: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Equal for equal asks, whenever they are made."""
        return key_of(source=msgspec.to_builtins(self.source, enc_hook=str), models=self.models)


def run_night(
    settings: Settings,
    nightly: NightlySettings,
    ask: Ask,
    desk: Desk | None,
    tell: Callable[[StepRecord], None],
) -> RunRecord:
    """Carry out a night under the lake's lock; raises BusyError while another is under way."""
    with lock.held(settings.lake):
        night = Night(
            settings=settings,
            nightly=nightly,
            source=ask.source,
            now=ask.now,
            record=begin(settings, ask),
            desk=desk,
            tell=tell,
        )
        records.save(settings.lake, night.record)
        runner.run(plan(settings, nightly, ask.models, desk=desk is not None), night)
        _let_go(night)
        night.record = msgspec.structs.replace(
            night.record, ended_at=datetime.now(UTC), peak_rss_mb=peak_rss_mb()
        )
        if desk is not None:
            night.record = msgspec.structs.replace(night.record, untold=report.tell(night))
        records.save(settings.lake, night.record)
        return night.record


def _let_go(night: Night) -> None:
    """Take away what is past its time, by the clock, whatever counts as the present: files are
    dated by it. Nothing in the lake, however damaged, ends the night here."""
    settings, now, stuck = night.settings, min(night.now, datetime.now(UTC)), Stuck()
    gone = Gone()
    found = unneeded.Unneeded()
    with stuck.named("lake"):
        unneeded.mark_used(settings, night.record, stuck)
        kept.prune(settings, night.nightly, now, gone, stuck)
        became = Became.of(settings.lake)
        found = unneeded.find(settings, night.nightly, night.record, now, night.desk, became)
        unneeded.prune(settings, found, became, now, gone, stuck)
    night.record = msgspec.structs.replace(
        night.record,
        let_go=dict(gone.counts),
        went=tuple(gone.told(night.nightly)),
        held=found.held,
        stuck=found.stuck | stuck.why,
    )


def begin(settings: Settings, ask: Ask) -> RunRecord:
    """The record to go on with: of a run of the same that never ended, else a new one."""
    last = None if ask.fresh else records.newest(settings.lake)
    if last is not None and resumable(last, ask):
        return msgspec.structs.replace(last, resumed=last.resumed + 1, accept=ask.accept)
    return RunRecord(
        id=f"{ask.now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        asked=ask.digest,
        day=f"{ask.now.astimezone(UTC):%Y%m%d}",
        started_at=ask.now,
        models=ask.models,
        accept=ask.accept,
    )


def resumable(last: RunRecord, ask: Ask) -> bool:
    """Whether it was broken off, is about the same, and is still about tonight."""
    recent = timedelta(0) <= ask.now - last.started_at <= RESUMED_WITHIN
    return last.ended_at is None and last.asked == ask.digest and recent
