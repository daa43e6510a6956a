"""One worker as the fleet sees it, and how an observation changes that. No I/O, no clock.

    (none) ─start→ STARTING ─ready→ READY ─undesired→ DRAINING ─grace over→ STOPPING ─exit→ (none)
                       └──exit──┬──────┘ exit
                             WAITING ─back-off over→ STARTING

Times are seconds of one monotonic clock, given by the caller.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from control_plane.fleet.backoff import Backoff

# bentos.worker exits with this code when the bento's digest is not the one it was told.
DIGEST_MISMATCH_EXIT = 3


class Priority(StrEnum):
    """Whose answers callers get, and whose nobody waits for."""

    LIVE = "live"
    SHADOW = "shadow"


class Phase(StrEnum):
    """Where a replica is in its life."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    DRAINING = "draining"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class Key:
    """Names a replica: the ``index``-th worker of a version, 0-based, at one priority."""

    version: str
    index: int
    bento_digest: str
    priority: Priority = Priority.LIVE

    @property
    def other(self) -> "Key":
        """The same replica at the other priority."""
        is_live = self.priority is Priority.LIVE
        return replace(self, priority=Priority.SHADOW if is_live else Priority.LIVE)


@dataclass(frozen=True, kw_only=True)
class Replica:
    """``since``: when the phase began. ``failures``: exits in a row without a healthy spell.

    ``restarts`` counts every unwanted exit. ``problem`` says why it last exited,
    ``killed_for`` why the fleet itself just killed it.
    """

    key: Key
    phase: Phase
    since: float
    failures: int = 0
    restarts: int = 0
    failed_probes: int = 0
    not_before: float = 0.0
    killed_for: str | None = None
    problem: str | None = None


def started(before: Replica | None, key: Key, now: float) -> Replica:
    """A worker process was started, or adopted, for this replica."""
    if before is None:
        return Replica(key=key, phase=Phase.STARTING, since=now)
    return replace(before, phase=Phase.STARTING, since=now, failed_probes=0)


def probed(before: Replica, ready: bool, now: float, backoff: Backoff) -> Replica:
    """The readiness probe answered or failed."""
    if not ready:
        return replace(before, failed_probes=before.failed_probes + 1)
    if before.phase is Phase.STARTING:
        return replace(before, phase=Phase.READY, since=now, failed_probes=0)
    healthy = before.phase is Phase.READY and now - before.since >= backoff.reset_after_s
    if healthy and (before.failures or before.problem):
        return replace(before, failed_probes=0, failures=0, problem=None)
    return replace(before, failed_probes=0)


def exited(
    before: Replica, code: int | None, now: float, backoff: Backoff, spread: float
) -> Replica | None:
    """The process is gone: None if that was wanted, else the replica waiting for its restart.

    ``code`` is None where it cannot be known (an adopted worker); ``spread`` in [0, 1) is
    the jitter's random draw.
    """
    if before.phase in (Phase.DRAINING, Phase.STOPPING):
        return None
    was_healthy = before.phase is Phase.READY and now - before.since >= backoff.reset_after_s
    failures = 1 if was_healthy else before.failures + 1
    mismatch = code == DIGEST_MISMATCH_EXIT
    delay = backoff.refused_s if mismatch else backoff.delay(failures, spread)
    return replace(
        before,
        phase=Phase.WAITING,
        since=now,
        failures=failures,
        restarts=before.restarts + 1,
        failed_probes=0,
        not_before=now + delay,
        killed_for=None,
        problem=before.killed_for or _reason(before, code),
    )


def _reason(before: Replica, code: int | None) -> str:
    when = "" if before.phase is Phase.READY else " before it was ready"
    if code == DIGEST_MISMATCH_EXIT:
        return f"not startable: the bento's digest is not {before.key.bento_digest}"
    if code is None:
        return f"ended{when}"
    if code < 0:
        return f"ended by signal {-code}{when}"
    return f"ended with exit code {code}{when}"
