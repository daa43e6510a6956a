"""A fleet over stand-in workers: real processes, real sockets, no model."""

import asyncio
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from control_plane.fleet.backoff import Backoff
from control_plane.fleet.desired import Desired
from control_plane.fleet.plan import Limits
from control_plane.fleet.process_launcher import ProcessLauncher
from control_plane.fleet.reconciler import Reconciler

STAND_IN = Path(__file__).with_name("stand_in_worker.py")
LIMITS = Limits(
    start_timeout_s=60.0,
    drain_grace_s=0.3,
    stop_timeout_s=5.0,
    hung_after_probes=2,
    probe_interval_s=0.05,
    probe_timeout_s=60.0,
)
# For workers that hang; of others a busy machine would believe it as well.
IMPATIENT = replace(LIMITS, probe_timeout_s=0.5)


class Yard:
    """Makes reconcilers over one home and ends every worker they leave."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.made: list[Reconciler] = []

    def reconciler(self, behave: str = "ok", limits: Limits = LIMITS) -> Reconciler:
        command = (sys.executable, str(STAND_IN), "--behave", behave)
        launcher = ProcessLauncher(self.home, command=command)
        self.made.append(Reconciler(launcher, limits, time.monotonic, Backoff(first_s=0.05)))
        return self.made[-1]

    async def until(self, reconciler: Reconciler, wanted: Desired, reached) -> None:
        async with asyncio.timeout(120):
            while not reached(reconciler):
                await reconciler.tick(wanted)
                await asyncio.sleep(0.02)

    def end(self) -> None:
        workers = [worker for reconciler in self.made for worker in reconciler.workers.values()]
        for worker in workers:
            worker.kill()
        while any(worker.alive() for worker in workers):
            time.sleep(0.01)


@pytest.fixture
def yard(tmp_path):
    yard = Yard(tmp_path)
    yield yard
    yard.end()
