"""The loop over real processes: start, restart, drain, adopt."""

import os
import signal
from pathlib import Path

import msgspec
import pytest

from control_plane.fleet.desired import Desired, DesiredVersion
from control_plane.fleet.process import start_time
from control_plane.fleet.replica import Phase
from control_plane.fleet.report import make_report
from tests.control_plane.fleet.conftest import IMPATIENT

pytestmark = pytest.mark.acceptance

DIGEST = "a" * 64
FRAUD = "fraud:20260101-00000000"
PRICING = "pricing:20260101-00000000"


def desired(*versions: str, replicas: int = 1) -> Desired:
    return Desired(
        versions=tuple(
            DesiredVersion(
                version=version,
                model=version.partition(":")[0],
                bento_digest=DIGEST,
                replicas=replicas,
            )
            for version in versions
        )
    )


def all_ready(count: int):
    def reached(reconciler) -> bool:
        phases = [replica.phase for replica in reconciler.replicas.values()]
        return len(phases) == count and set(phases) == {Phase.READY}

    return reached


def is_socket(address: str) -> bool:
    return Path(address.removeprefix("unix:")).is_socket()


def only_pid(reconciler) -> int:
    (worker,) = reconciler.workers.values()
    return worker.pid


async def test_starts_every_replica_and_reports_addresses_that_answer(yard):
    reconciler = yard.reconciler()
    wanted = desired(FRAUD, PRICING, replicas=2)
    await yard.until(reconciler, wanted, all_ready(4))
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert set(report.versions) == {FRAUD, PRICING}
    for version in report.versions.values():
        assert version.ready
        assert len(set(version.addresses)) == 2
        assert len(set(version.pids)) == 2
        assert all(map(is_socket, version.addresses))


async def test_a_killed_worker_comes_back_at_the_same_address(yard):
    reconciler = yard.reconciler()
    wanted = desired(FRAUD)
    await yard.until(reconciler, wanted, all_ready(1))
    first = only_pid(reconciler)
    address = next(iter(reconciler.workers.values())).address
    os.kill(first, signal.SIGKILL)

    def replaced(reconciler) -> bool:
        return all_ready(1)(reconciler) and only_pid(reconciler) != first

    await yard.until(reconciler, wanted, replaced)
    (replica,) = reconciler.replicas.values()
    assert replica.restarts == 1
    assert replica.problem == "ended by signal 9"
    assert next(iter(reconciler.workers.values())).address == address


async def test_a_worker_that_stops_answering_is_killed_and_restarted(yard):
    reconciler = yard.reconciler(limits=IMPATIENT)
    wanted = desired(FRAUD)
    await yard.until(reconciler, wanted, all_ready(1))
    first = only_pid(reconciler)
    socket = Path(next(iter(reconciler.workers.values())).address.removeprefix("unix:"))
    hang = socket.with_suffix(".hang")
    hang.touch()
    await yard.until(reconciler, wanted, lambda r: any(x.restarts for x in r.replicas.values()))
    hang.unlink()
    await yard.until(reconciler, wanted, all_ready(1))
    (replica,) = reconciler.replicas.values()
    assert replica.problem == "hung: 2 probes failed in a row"
    assert only_pid(reconciler) != first


async def test_a_version_no_longer_wanted_is_drained_then_stopped(yard):
    reconciler = yard.reconciler()
    await yard.until(reconciler, desired(FRAUD, PRICING), all_ready(2))
    wanted = desired(PRICING)
    await reconciler.tick(wanted)
    phases = {key.version: replica.phase for key, replica in reconciler.replicas.items()}
    assert phases == {FRAUD: Phase.DRAINING, PRICING: Phase.READY}
    assert len(reconciler.workers) == 2, "a draining worker still answers"
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert set(report.versions) == {PRICING}
    await yard.until(reconciler, wanted, lambda r: len(r.replicas) == 1)
    assert {key.version for key in reconciler.workers} == {PRICING}


async def test_wanted_again_while_draining_keeps_the_same_process(yard):
    reconciler = yard.reconciler()
    await yard.until(reconciler, desired(FRAUD), all_ready(1))
    first = only_pid(reconciler)
    await reconciler.tick(desired())
    await yard.until(reconciler, desired(FRAUD), all_ready(1))
    assert only_pid(reconciler) == first


async def test_a_refusing_worker_is_reported_with_its_reason_and_waits(yard):
    reconciler = yard.reconciler("refuse")
    wanted = desired(FRAUD)
    await yard.until(reconciler, wanted, lambda r: any(x.problem for x in r.replicas.values()))
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert not report.versions[FRAUD].ready
    assert report.versions[FRAUD].problem == f"not startable: the bento's digest is not {DIGEST}"
    for _ in range(5):
        await reconciler.tick(wanted)
    assert not reconciler.workers


async def test_a_crashing_worker_is_tried_again_and_again(yard):
    reconciler = yard.reconciler("crash")
    wanted = desired(FRAUD)
    await yard.until(reconciler, wanted, lambda r: any(x.restarts > 2 for x in r.replicas.values()))
    (replica,) = reconciler.replicas.values()
    assert replica.problem == "ended with exit code 1 before it was ready"


async def test_the_next_fleet_adopts_what_runs_instead_of_doubling_it(yard):
    wanted = desired(FRAUD, PRICING)
    first = yard.reconciler()
    await yard.until(first, wanted, all_ready(2))
    running = {worker.pid for worker in first.workers.values()}

    second = yard.reconciler()
    second.adopt()
    await yard.until(second, wanted, all_ready(2))
    assert {worker.pid for worker in second.workers.values()} == running
    victim = next(iter(running))
    os.kill(victim, signal.SIGKILL)
    await yard.until(second, wanted, lambda r: any(x.restarts for x in r.replicas.values()))
    await yard.until(second, wanted, all_ready(2))
    assert {worker.pid for worker in second.workers.values()} - running


def nices(worker) -> set[int]:
    threads = Path(f"/proc/{worker.pid}/task").iterdir()
    return {os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads}


def mirrored(wanted: Desired) -> Desired:
    versions = [msgspec.structs.replace(each, priority="shadow") for each in wanted.versions]
    return Desired(versions=tuple(versions))


async def test_a_shadow_runs_nicer_and_becomes_live_without_a_restart(yard):
    reconciler, wanted = yard.reconciler(), desired(FRAUD)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    await yard.until(reconciler, mirrored(wanted), all_ready(1))
    [worker] = reconciler.workers.values()
    assert nices(worker) == {min(19, own + 10)}
    await reconciler.tick(wanted)
    assert list(reconciler.workers.values()) == [worker]
    assert nices(worker) == {own}
    report = make_report("local", wanted, reconciler.replicas, reconciler.workers)
    assert report.versions[FRAUD].addresses == (worker.address,)
    # The next fleet finds it at its new priority, and lets go of its socket at the end.
    adopting = yard.reconciler()
    adopting.adopt()
    assert [key.priority.value for key in adopting.workers] == ["live"]
    await yard.until(adopting, Desired(), lambda r: not r.replicas)
    assert not is_socket(worker.address)


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


async def test_a_worker_on_record_twice_is_adopted_once(yard):
    reconciler, wanted = yard.reconciler(), desired(FRAUD)
    await yard.until(reconciler, wanted, all_ready(1))
    [record] = (yard.home / "fleet" / "workers").glob("*.json")
    record.with_name("another.json").write_bytes(record.read_bytes())
    adopting = yard.reconciler()
    adopting.adopt()
    assert len(adopting.workers) == 1
    assert len(list(record.parent.glob("*.json"))) == 1


async def test_a_record_of_a_reused_pid_is_not_adopted(yard):
    wanted = desired(FRAUD)
    first = yard.reconciler()
    await yard.until(first, wanted, all_ready(1))
    (path,) = (yard.home / "fleet" / "workers").glob("*.json")
    pid = only_pid(first)
    path.write_bytes(path.read_bytes().replace(str(start_time(pid)).encode(), b"1"))
    second = yard.reconciler()
    second.adopt()
    assert not second.workers
    assert not path.exists()


async def test_a_damaged_record_is_dropped(yard):
    folder = yard.home / "fleet" / "workers"
    folder.mkdir(parents=True)
    (folder / "x.json").write_bytes(b"{")
    reconciler = yard.reconciler()
    reconciler.adopt()
    assert not reconciler.workers
    assert not list(folder.iterdir())


async def test_stop_all_ends_every_worker_and_leaves_no_record(yard):
    reconciler = yard.reconciler()
    await yard.until(reconciler, desired(FRAUD, PRICING), all_ready(2))
    pids = [worker.pid for worker in reconciler.workers.values()]
    await reconciler.stop_all()
    assert [start_time(pid) for pid in pids] == [None, None]
    assert not list((yard.home / "fleet" / "workers").iterdir())


async def test_a_command_that_cannot_run_is_a_problem_not_a_crash(yard):
    reconciler = yard.reconciler()
    reconciler._launcher._command = (str(yard.home / "no-such-program"),)
    wanted = desired(FRAUD)
    await yard.until(reconciler, wanted, lambda r: any(x.problem for x in r.replicas.values()))
    (replica,) = reconciler.replicas.values()
    assert replica.problem is not None
    assert replica.problem.startswith("not startable: ")
