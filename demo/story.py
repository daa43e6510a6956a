"""The story of the demo: two releases under live traffic, one promoted, one rolled back."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from demo.answers import Answer
from demo.board import Board
from demo.errors import DemoError
from demo.records import Records
from demo.releases import Release, ReleaseDesk
from demo.replay import Pace, Replay
from demo.routes_watch import Feature, RoutesWatch, canary, serves, shadows
from demo.steps import Step

REQUESTS_PER_SECOND = 600.0
FOCUS_SHARE = 0.7
LEAST_KEYS = 2000
# A step that lacks distinct keys goes on, but not for ever.
LONGEST_EXTENSION_S = 30.0
BACK_TIMEOUT_S = 60.0
LOOK_S = 0.5
FRAUD = "fraud"
RECOMMENDATIONS = "recommendations"
CANARY_STEPS = (0.05, 0.25)
RECOMMENDATIONS_WEIGHT = 0.10
# The steps in their order, and how they divide the time.
TIME = {
    "baseline": 0.08,
    "shadow": 0.16,
    "canary 5 %": 0.18,
    "canary 25 %": 0.22,
    "promoted": 0.10,
    "canary 10 %": 0.16,
    "rolled back": 0.10,
}


@dataclass
class Kill:
    """The canary's worker, ended on purpose. ``back_s``: until a new one answered."""

    version: str
    pid: int
    back_s: float | None = None
    stepped_in: int = 0


@dataclass(frozen=True)
class Pair:
    """The version that serves and the one that is to be released."""

    stable: str
    candidate: str


@dataclass
class Story:
    """Runs the releases and keeps what each step showed."""

    board: Board
    desk: ReleaseDesk
    watch: RoutesWatch
    replay: Replay
    records: Records
    home: Path
    seconds: float
    results: list[dict[str, Any]] = field(default_factory=list)
    kill: Kill | None = None
    between: Step = field(init=False)
    _deadline: float = 0.0

    def __post_init__(self) -> None:
        """Answers that belong to no step are judged too, only not counted into a share."""
        self.between = Step("between the steps", "", "", 0.0, None, self.watch.history)
        self.replay.on_answer = self.between.take

    async def tell(self, fraud: Pair | None, recommendations: Pair | None) -> None:
        """None leaves that release out. A candidate's worker starts a step ahead of it."""
        self._deadline = time.monotonic() + self.seconds
        models = tuple(self.replay.pace.shares)
        self.replay.pace = pace(models, None)
        promoting = None
        if fraud is not None:
            steps = list(CANARY_STEPS)
            promoting = await self._asked(FRAUD, fraud.candidate, steps, shadow=True)
            async with self._step("baseline", FRAUD, fraud.stable, 1.0, None) as step:
                await self._hold(step)
            self.replay.pace = pace(models, FRAUD)
            await self._promote(promoting)
            self.board.labels.update({fraud.stable: "before", fraud.candidate: "stable"})
        leaving, weight = None, RECOMMENDATIONS_WEIGHT
        if recommendations is not None:
            candidate = recommendations.candidate
            leaving = await self._asked(RECOMMENDATIONS, candidate, [weight], shadow=False)
        if promoting is not None:
            async with self._step("promoted", FRAUD, promoting.candidate, 1.0, promoting) as step:
                await self._hold(step)
        if leaving is not None and recommendations is not None:
            self.replay.pace = pace(models, RECOMMENDATIONS)
            await self._show_canary(leaving, weight)
            await self._roll_back(leaving, recommendations.stable)
        elif promoting is not None and fraud is not None:
            # No second version to take back from a canary: then back from promoted.
            await self._roll_back(promoting, fraud.stable)
        await asyncio.sleep(max(0.0, self._deadline - time.monotonic()))

    async def _promote(self, release: Release) -> None:
        candidate = release.candidate
        await self._followed(release, shadows(candidate), f"{candidate} shadows")
        async with self._step("shadow", FRAUD, candidate, 0.0, release) as step:
            await self._hold(step)
        await self._show_shadow(candidate)
        for weight in CANARY_STEPS:
            name = f"canary {weight:.0%}".replace("%", " %")
            await self.desk.move(release.id, "ramp", "the step before looked right")
            await self._followed(release, canary(release.id, weight), f"{candidate} {name}")
            async with self._step(name, FRAUD, candidate, weight, release) as step:
                await self._hold(step, self._kill_worker if weight == CANARY_STEPS[-1] else None)
        await self.desk.move(release.id, "promote", "as good as stable on a quarter of the keys")
        await self._followed(release, serves(candidate), f"{candidate} promoted")

    async def _show_canary(self, release: Release, weight: float) -> None:
        candidate = release.candidate
        await self._followed(release, canary(release.id, weight), f"{candidate} canary 10 %")
        async with self._step("canary 10 %", release.model, candidate, weight, release) as step:
            await self._hold(step)

    async def _roll_back(self, release: Release, stable: str) -> None:
        candidate = release.candidate
        await self.desk.move(release.id, "rollback", "shown on purpose: back needs no approval")
        await self._followed(release, serves(stable), f"{candidate} rolled back")
        self.board.labels.update({stable: "stable", candidate: "rolled back"})
        async with self._step("rolled back", release.model, candidate, 0.0, release) as step:
            await self._hold(step)

    async def _asked(
        self, model: str, candidate: str, steps: list[float], *, shadow: bool
    ) -> Release:
        """An approved release, started: it takes effect once its worker is warm."""
        why = "the other version of this model, made from other orders"
        release = await self.desk.approved(
            model, candidate, kind="standard", steps=steps, shadow=shadow, why=why
        )
        await self.desk.move(release.id, "start", "approved")
        return release

    async def _followed(self, release: Release, fits: Callable[[Feature], bool], what: str) -> None:
        """Wait until the gateway follows the release's new state."""
        started = time.monotonic()
        self.board.current_step = f"waiting: {what} …"
        revision = await self.watch.served(release.model, fits)
        self.board.note(f"{what} (revision {revision}, after {time.monotonic() - started:.1f} s)")

    def _planned(self, name: str) -> float:
        """Seconds for a step: its part of what is left for it and all later ones."""
        later = list(TIME)[list(TIME).index(name) :]
        left = max(0.0, self._deadline - time.monotonic())
        return left * TIME[name] / sum(TIME[each] for each in later)

    @asynccontextmanager
    async def _step(
        self, name: str, model: str, candidate: str, share: float, release: Release | None
    ) -> AsyncIterator[Step]:
        release_id = None if release is None else release.id
        step = Step(name, model, candidate, share, release_id, self.watch.history)
        started = time.monotonic()
        self.board.current_step = f"{model}: {name}"
        self.replay.on_answer = step.take
        with self.board.stage(f"{model}: {name}", total=self._planned(name)) as stage:
            yield step
            self.replay.on_answer = self.between.take
            # The last answers may follow routes the watch has not looked at yet.
            await self.watch.poll()
            step.finish()
            step.seconds = time.monotonic() - started
            result = step.result()
            self.results.append(result)
            stage.detail = (
                f"{result['distinct_keys']:,} keys, share {result['observed_share']:.3f}, "
                f"{result['variant_mismatches']} mismatches"
            )

    async def _hold(
        self, step: Step, halfway: Callable[[Step], Awaitable[None]] | None = None
    ) -> None:
        """Let traffic run for the step's time, and until it has enough distinct keys."""
        stage = self.board.stages[-1]
        planned = stage.total or 0.0
        started = time.monotonic()
        needs_keys = step.release is not None
        while True:
            await asyncio.sleep(0.1)
            elapsed = time.monotonic() - started
            stage.done = min(elapsed, planned)
            if halfway is not None and elapsed > planned / 3:
                await halfway(step)
                halfway = None
            enough = not needs_keys or len(step.canary_by_key) >= LEAST_KEYS
            if elapsed >= planned and (enough or elapsed >= planned + LONGEST_EXTENSION_S):
                return

    async def _kill_worker(self, step: Step) -> None:
        """SIGKILL the canary's worker and wait for its successor, under traffic."""
        pid = worker_pid(self.home, step.candidate)
        if pid is None:
            raise DemoError(f"the fleet records no worker of {step.candidate}")
        before = step.fell_back
        self.kill = Kill(step.candidate, pid)
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        self.board.note(f"{step.candidate}: worker {pid} killed on purpose (SIGKILL)")
        back = asyncio.Event()
        self.replay.on_answer = watching(step.take, step.candidate, pid, self.home, back)
        try:
            async with asyncio.timeout(BACK_TIMEOUT_S):
                await back.wait()
        except TimeoutError as error:
            text = f"no new worker of {step.candidate} answered within {BACK_TIMEOUT_S:g} s"
            raise DemoError(text) from error
        self.replay.on_answer = step.take
        self.kill.back_s = time.monotonic() - killed
        self.kill.stepped_in = step.fell_back - before
        self.board.note(
            f"{step.candidate}: a new worker answers after {self.kill.back_s:.1f} s; "
            f"stable stepped in {self.kill.stepped_in} times, no request failed"
            if not self.board.tally.failures
            else f"{step.candidate}: {len(self.board.tally.failures)} requests failed"
        )

    async def _show_shadow(self, candidate: str) -> None:
        # Whoever asks shadows starts with the first copy and takes what the processor has left:
        # on a busy machine the step may be over before.
        until = time.monotonic() + BACK_TIMEOUT_S
        while True:
            tally = (await asyncio.to_thread(self.records.shadows)).get(candidate)
            if tally is not None and tally.agreement is not None:
                break
            if time.monotonic() > until:
                raise DemoError(f"no shadow outcome of {candidate} is recorded")
            await asyncio.sleep(LOOK_S)
        self.board.shadow = f"{candidate} agrees on {tally.agreement:.1%} of {tally.compared:,}"
        self.board.note(f"shadow: {self.board.shadow}")


def pace(models: tuple[str, ...], focus: str | None) -> Pace:
    """All models alike, or most of the traffic on the one under release."""
    if focus is None or len(models) == 1:
        return Pace(REQUESTS_PER_SECOND, {model: 1 / len(models) for model in models})
    rest = (1 - FOCUS_SHARE) / (len(models) - 1)
    return Pace(
        REQUESTS_PER_SECOND, {model: FOCUS_SHARE if model == focus else rest for model in models}
    )


def worker_pid(home: Path, version: str) -> int | None:
    """A running worker's pid, from the fleet's records."""
    for path in sorted((home / "fleet" / "workers").glob("*.json")):
        # The fleet removes a record as soon as its worker has ended.
        with suppress(FileNotFoundError):
            record = msgspec.json.decode(path.read_bytes())
            if record["version"] == version:
                return int(record["pid"])
    return None


def watching(
    take: Callable[[Answer], None], version: str, dead: int, home: Path, back: asyncio.Event
) -> Callable[[Answer], None]:
    """Like ``take``, and sets ``back`` when the version answers from another process."""

    def on_answer(answer: Answer) -> None:
        take(answer)
        if answer.version == version and worker_pid(home, version) not in (None, dead):
            back.set()

    return on_answer
