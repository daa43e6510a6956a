"""What a fleet tells the control plane, over real worker processes."""

import asyncio
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from control_plane.fleet.service import FleetService
from control_plane.fleet.settings import FleetSettings
from tests.control_plane.fleet.conftest import IMPATIENT
from tests.control_plane.fleet.test_reconciler import FRAUD, all_ready, desired

pytestmark = pytest.mark.acceptance


class Listener:
    """The control plane's end: keeps every report, wants nothing new."""

    def __init__(self) -> None:
        self.reports = []

    async def desired(self) -> None:
        return None

    async def report(self, report) -> None:
        self.reports.append(report)

    async def close(self) -> None:
        pass


async def first_report(yard, reconciler):
    settings = FleetSettings(home=yard.home)
    listener = Listener()
    service = FleetService(settings, listener, reconciler)
    running = asyncio.create_task(service.run())
    async with asyncio.timeout(120):
        while not listener.reports:
            assert not running.done()
            await asyncio.sleep(0.01)
    service.stop()
    await running
    return listener.reports[0]


def want(yard, wanted) -> None:
    folder = yard.home / "fleet"
    folder.mkdir(exist_ok=True)
    (folder / "desired.json").write_bytes(msgspec.json.encode(wanted))


async def test_the_first_report_of_a_restarted_fleet_knows_that_adopted_workers_answer(yard):
    wanted = desired(FRAUD)
    await yard.until(yard.reconciler(), wanted, all_ready(1))
    want(yard, wanted)
    report = await first_report(yard, yard.reconciler())
    assert report.versions[FRAUD].ready
    assert len(report.versions[FRAUD].addresses) == 1


async def test_an_adopted_worker_that_hangs_is_reported_as_not_ready_in_the_end(yard):
    wanted = desired(FRAUD)
    first = yard.reconciler()
    await yard.until(first, wanted, all_ready(1))
    want(yard, wanted)
    (worker,) = first.workers.values()
    hang = Path(worker.address.removeprefix("unix:")).with_suffix(".hang")
    hang.touch()
    report = await first_report(
        yard, yard.reconciler(limits=replace(IMPATIENT, adopt_timeout_s=0.6))
    )
    assert not report.versions[FRAUD].ready
