"""Carries out the plan: observes the workers, acts, and turns observations into phases."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import structlog

from control_plane.fleet.backoff import Backoff
from control_plane.fleet.desired import Desired
from control_plane.fleet.launcher import Launcher, Worker
from control_plane.fleet.plan import (
    Action,
    Drain,
    Forget,
    Keep,
    Kill,
    Limits,
    Reprioritise,
    Start,
    Stop,
    plan,
)
from control_plane.fleet.probe import is_ready
from control_plane.fleet.replica import Key, Phase, Replica, exited, probed, started

_log = structlog.get_logger(__name__)

ADOPT_PAUSE_S = 0.02


class Reconciler:
    """Holds the replicas and their workers. ``clock`` gives monotonic seconds."""

    def __init__(
        self,
        launcher: Launcher,
        limits: Limits,
        clock: Callable[[], float],
        backoff: Backoff | None = None,
    ) -> None:
        self._launcher = launcher
        self._limits = limits
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._probe_due: dict[Key, float] = {}
        self.replicas: dict[Key, Replica] = {}
        self.workers: dict[Key, Worker] = {}

    def adopt(self) -> None:
        """Take over what an earlier fleet left running."""
        for key, worker in self._launcher.adopt().items():
            self.workers[key] = worker
            self.replicas[key] = started(None, key, self._clock())
            _log.info("worker adopted", version=key.version, index=key.index, pid=worker.pid)

    async def settle(self) -> None:
        """Ask adopted workers until each has answered, ended, or had its time.

        Before that nothing may be reported: running workers would be told of as not ready,
        and gateways would let go of them.
        """
        deadline = self._clock() + self._limits.adopt_timeout_s
        while self._starting() and self._clock() < deadline:
            await self._probe()
            self._collect_exits()
            await asyncio.sleep(ADOPT_PAUSE_S)

    def _starting(self) -> bool:
        return any(replica.phase is Phase.STARTING for replica in self.replicas.values())

    async def tick(self, desired: Desired) -> None:
        """Observe once, act once."""
        self._collect_exits()
        await self._probe()
        self._collect_exits()
        for action in plan(desired, self.replicas, self._clock(), self._limits):
            self._act(action)

    async def stop_all(self) -> None:
        """End every worker: SIGTERM, and SIGKILL to those that do not end in time."""
        for worker in self.workers.values():
            worker.stop()
        await self._all_ended(self._limits.stop_timeout_s)
        for worker in self.workers.values():
            worker.kill()
        await self._all_ended(self._limits.stop_timeout_s)
        for key in tuple(self.workers):
            self._launcher.forget(key)

    async def _all_ended(self, timeout_s: float) -> None:
        """Wait until no worker runs, at most ``timeout_s`` seconds."""
        deadline = self._clock() + timeout_s
        while self._clock() < deadline:
            if not any(worker.alive() for worker in self.workers.values()):
                return
            await asyncio.sleep(0.05)

    def _collect_exits(self) -> None:
        for key, worker in tuple(self.workers.items()):
            if worker.alive():
                continue
            del self.workers[key]
            self._probe_due.pop(key, None)
            self._launcher.forget(key)
            self._exit(key, worker.exit_code)

    def _exit(self, key: Key, code: int | None) -> None:
        after = exited(self.replicas[key], code, self._clock(), self._backoff, random.random())
        if after is None:
            del self.replicas[key]
            _log.info("worker stopped", version=key.version, index=key.index)
            return
        self.replicas[key] = after
        _log.warning(
            "worker ended",
            version=key.version,
            index=key.index,
            problem=after.problem,
            restart_in_s=round(after.not_before - after.since, 2),
        )

    async def _probe(self) -> None:
        now = self._clock()
        due = [key for key in self.workers if self._is_due(key, now)]
        timeout_s = self._limits.probe_timeout_s
        answers = await asyncio.gather(
            *(is_ready(self.workers[key].address, timeout_s) for key in due)
        )
        now = self._clock()
        for key, ready in zip(due, answers, strict=True):
            before = self.replicas[key]
            after = probed(before, ready, now, self._backoff)
            self.replicas[key] = after
            self._probe_due[key] = now + self._limits.probe_interval_s
            if after.phase is not before.phase:
                _log.info("worker ready", version=key.version, pid=self.workers[key].pid)

    def _is_due(self, key: Key, now: float) -> bool:
        phase = self.replicas[key].phase
        if phase is Phase.STARTING:
            return True
        return phase is Phase.READY and now >= self._probe_due.get(key, 0.0)

    def _act(self, action: Action) -> None:
        match action:
            case Start(key):
                self._start(key)
            case Drain(key):
                self._enter(key, Phase.DRAINING)
            case Keep(key):
                # Ready again as soon as the next probe says so.
                self._enter(key, Phase.STARTING)
            case Reprioritise(key, wanted):
                self._reprioritise(key, wanted)
            case Stop(key):
                self._enter(key, Phase.STOPPING)
                self.workers[key].stop()
            case Kill(key, reason):
                _log.warning("worker killed", version=key.version, index=key.index, reason=reason)
                self.replicas[key] = replace(self.replicas[key], killed_for=reason)
                self.workers[key].kill()
            case Forget(key):
                del self.replicas[key]

    def _reprioritise(self, key: Key, wanted: Key) -> None:
        """In place where the system permits it, else by a worker started before this one goes."""
        worker = self.workers[key]
        if not self._launcher.reprioritise(key, wanted, worker):
            self._start(wanted)
            return
        self.workers[wanted] = self.workers.pop(key)
        self.replicas[wanted] = replace(self.replicas.pop(key), key=wanted)
        self._probe_due.pop(key, None)
        _log.info("worker priority", version=wanted.version, priority=wanted.priority.value)

    def _start(self, key: Key) -> None:
        now = self._clock()
        replica = started(self.replicas.get(key), key, now)
        self.replicas[key] = replica
        try:
            worker = self._launcher.start(key)
        except OSError as error:
            _log.error("worker not startable", version=key.version, problem=str(error))
            failed = exited(replica, None, now, self._backoff, random.random())
            if failed is not None:
                self.replicas[key] = replace(failed, problem=f"not startable: {error}")
            return
        self.workers[key] = worker
        _log.info("worker started", version=key.version, index=key.index, pid=worker.pid)

    def _enter(self, key: Key, phase: Phase) -> None:
        self.replicas[key] = replace(self.replicas[key], phase=phase, since=self._clock())
        _log.info("worker phase", version=key.version, index=key.index, phase=phase.value)
