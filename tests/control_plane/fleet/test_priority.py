"""Whose processor it is: shadows are set aside, live workers are not, where the system permits."""

import os
from pathlib import Path

import msgspec
import pytest

from control_plane.fleet.desired import Desired
from control_plane.fleet.replica import Phase, Priority
from control_plane.fleet.report import make_report
from tests.control_plane.fleet.test_reconciler import (
    FRAUD,
    all_ready,
    desired,
    is_socket,
    only_pid,
)

pytestmark = pytest.mark.acceptance


def nices(worker) -> set[int]:
    threads = Path(f"/proc/{worker.pid}/task").iterdir()
    return {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads}


def mirrored(wanted: Desired) -> Desired:
    versions = [msgspec.structs.replace(each, priority="shadow") for each in wanted.versions]
    return Desired(versions=tuple(versions))


def policies(worker) -> set[int]:
    threads = Path(f"/proc/{worker.pid}/task").iterdir()
    return {os.sched_getscheduler(int(thread.name)) for thread in threads}


async def test_a_warm_shadow_runs_on_what_is_left_and_becomes_live_without_a_restart(yard):
    reconciler, wanted = yard.reconciler(), desired(FRAUD)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    await yard.until(reconciler, mirrored(wanted), all_ready(1))
    [worker] = reconciler.workers.values()
    assert nices(worker) == {min(19, own + 10)}
    assert policies(worker) == {os.SCHED_IDLE}
    await reconciler.tick(wanted)
    assert list(reconciler.workers.values()) == [worker]
    assert nices(worker) == {own}
    assert policies(worker) == {os.SCHED_OTHER}
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert report.versions[FRAUD].addresses == (worker.address,)
    # The next fleet finds it at its new priority, and lets go of its socket at the end.
    adopting = yard.reconciler()
    adopting.adopt()
    assert [key.priority.value for key in adopting.workers] == ["live"]
    await yard.until(adopting, Desired(), lambda r: not r.replicas)
    assert not is_socket(worker.address)


async def test_a_worker_that_is_to_shadow_before_it_is_warm_is_set_aside_once_it_is(yard):
    reconciler, wanted = yard.reconciler(), desired(FRAUD)
    await reconciler.tick(wanted)
    [worker] = reconciler.workers.values()
    hang = Path(worker.address.removeprefix("unix:")).with_suffix(".hang")
    hang.touch()
    await reconciler.tick(mirrored(wanted))
    [replica] = reconciler.replicas.values()
    assert (replica.key.priority, replica.phase) == (Priority.SHADOW, Phase.STARTING)
    assert policies(worker) == {os.SCHED_OTHER}
    hang.unlink()
    await yard.until(reconciler, mirrored(wanted), all_ready(1))
    assert list(reconciler.workers.values()) == [worker]
    assert policies(worker) == {os.SCHED_IDLE}


async def test_a_live_worker_that_only_shadows_from_now_on_is_set_aside(yard):
    reconciler, wanted = yard.reconciler(), desired(FRAUD)
    await yard.until(reconciler, wanted, all_ready(1))
    await reconciler.tick(mirrored(wanted))
    [worker] = reconciler.workers.values()
    assert policies(worker) == {os.SCHED_IDLE}


async def test_where_less_niceness_is_not_permitted_a_live_worker_is_started_first(
    yard, monkeypatch
):
    reconciler, wanted = yard.reconciler(), desired(FRAUD)
    await yard.until(reconciler, mirrored(wanted), all_ready(1))
    [old] = reconciler.workers.values()

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    # As the system does for anybody but root (setpriority(2)).
    monkeypatch.setattr("control_plane.fleet.process.os.setpriority", refuse)
    await yard.until(reconciler, wanted, lambda r: len(r.workers) == 2)
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert report.versions[FRAUD].addresses == (old.address,)
    await yard.until(reconciler, wanted, lambda r: old not in r.workers.values())
    [new] = reconciler.workers.values()
    assert new.pid != old.pid
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert report.versions[FRAUD].addresses == (new.address,)


@pytest.mark.parametrize("call", ["setpriority", "sched_setscheduler"])
async def test_an_adopted_shadow_that_may_not_be_set_aside_stops_no_fleet(yard, monkeypatch, call):
    wanted = mirrored(desired(FRAUD))
    first = yard.reconciler()
    await yard.until(first, wanted, all_ready(1))

    def refuse(*_):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(f"control_plane.fleet.process.os.{call}", refuse)
    second = yard.reconciler()
    second.adopt()
    await second.settle()
    assert all_ready(1)(second)
    assert only_pid(second) == only_pid(first)
