"""The fleet's full state as it is told to the control plane."""

from collections.abc import Mapping

import msgspec

from control_plane.fleet.desired import Desired
from control_plane.fleet.launcher import Worker
from control_plane.fleet.replica import Key, Phase, Replica


class VersionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One wanted version: ``addresses`` of its ready workers only, ``problem`` if it has one."""

    addresses: tuple[str, ...]
    ready: bool
    restarts: int
    pids: tuple[int, ...]
    problem: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Every version the fleet keeps running. A draining version is in it no more."""

    fleet: str
    versions: dict[str, VersionReport]


def make_report(
    fleet: str,
    desired: Desired,
    replicas: Mapping[Key, Replica],
    workers: Mapping[Key, Worker],
) -> Report:
    """The state of all desired versions; a version is ready when one of its workers is."""
    versions = {
        entry.version: _version_report(
            [
                (replicas[key], workers.get(key))
                for key in replicas
                if (key.version, key.bento_digest) == (entry.version, entry.bento_digest)
            ]
        )
        for entry in desired.versions
    }
    return Report(fleet=fleet, versions=versions)


def _version_report(members: list[tuple[Replica, Worker | None]]) -> VersionReport:
    running = [(replica, worker) for replica, worker in members if worker is not None]
    ready = [worker for replica, worker in running if replica.phase is Phase.READY]
    problems = [replica.problem for replica, _ in members if replica.problem]
    return VersionReport(
        addresses=tuple(worker.address for worker in ready),
        ready=bool(ready),
        restarts=sum(replica.restarts for replica, _ in members),
        pids=tuple(worker.pid for _, worker in running),
        problem=problems[0] if problems else None,
    )
