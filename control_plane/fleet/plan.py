"""The heart of the fleet: desired and observed in, actions out. No I/O, no clock.

Level-triggered: it looks at the whole state each time and never at what it said before,
so a lost action is simply said again. An action changes a replica's phase through the
reconciler; this file only decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from control_plane.fleet.desired import Desired
from control_plane.fleet.replica import Key, Phase, Priority, Replica


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds, and probes in a row, that a replica is given."""

    start_timeout_s: float = 90.0
    drain_grace_s: float = 10.0
    stop_timeout_s: float = 10.0
    adopt_timeout_s: float = 5.0
    hung_after_probes: int = 5
    probe_interval_s: float = 1.0
    probe_timeout_s: float = 2.0


@dataclass(frozen=True)
class Start:
    """Start a worker for this replica."""

    key: Key


@dataclass(frozen=True)
class Drain:
    """No longer wanted: report it no more, let requests in flight end."""

    key: Key


@dataclass(frozen=True)
class Keep:
    """Wanted again before it was stopped."""

    key: Key


@dataclass(frozen=True)
class Reprioritise:
    """Runs, but at another priority than wanted: change it, or start a worker in its place."""

    key: Key
    wanted: Key


@dataclass(frozen=True)
class Stop:
    """Ask the process to end (SIGTERM)."""

    key: Key


@dataclass(frozen=True)
class Kill:
    """End the process now (SIGKILL); ``reason`` goes to the log."""

    key: Key
    reason: str


@dataclass(frozen=True)
class Forget:
    """Nothing runs and nothing is wanted: drop the replica."""

    key: Key


_RUNNING = frozenset({Phase.STARTING, Phase.READY})

Action = Start | Drain | Keep | Reprioritise | Stop | Kill | Forget


def wanted_keys(desired: Desired) -> tuple[Key, ...]:
    """Every replica that should run, in the order of the desired state."""
    return tuple(
        Key(
            version=entry.version,
            index=index,
            bento_digest=entry.bento_digest,
            priority=Priority.SHADOW if entry.priority == Priority.SHADOW else Priority.LIVE,
        )
        for entry in desired.versions
        for index in range(entry.replicas)
    )


def plan(
    desired: Desired, observed: Mapping[Key, Replica], now: float, limits: Limits
) -> tuple[Action, ...]:
    """The actions that bring ``observed`` closer to ``desired``; empty when nothing is due."""
    wanted = wanted_keys(desired)
    return (
        *_for_wanted(wanted, observed, now, limits),
        *_for_unwanted(frozenset(wanted), observed, now, limits),
    )


def _for_wanted(
    wanted: Iterable[Key], observed: Mapping[Key, Replica], now: float, limits: Limits
) -> Iterator[Action]:
    for key in wanted:
        replica = observed.get(key)
        sibling = observed.get(key.other)
        if replica is None and sibling is not None and sibling.phase in _RUNNING:
            yield Reprioritise(sibling.key, key)
        elif replica is None or (replica.phase is Phase.WAITING and now >= replica.not_before):
            yield Start(key)
        elif replica.phase is Phase.DRAINING:
            yield Keep(key)
        else:
            yield from _for_broken(replica, now, limits)


def _for_broken(replica: Replica, now: float, limits: Limits) -> Iterator[Action]:
    age = now - replica.since
    if replica.phase is Phase.STARTING and age >= limits.start_timeout_s:
        yield Kill(replica.key, f"not ready within {limits.start_timeout_s:g} s")
    elif replica.phase is Phase.READY and replica.failed_probes >= limits.hung_after_probes:
        yield Kill(replica.key, f"hung: {replica.failed_probes} probes failed in a row")
    elif replica.phase is Phase.STOPPING and age >= limits.stop_timeout_s:
        yield Kill(replica.key, f"still running {limits.stop_timeout_s:g} s after SIGTERM")


def _for_unwanted(
    wanted: frozenset[Key], observed: Mapping[Key, Replica], now: float, limits: Limits
) -> Iterator[Action]:
    for key, replica in observed.items():
        if key in wanted:
            continue
        if replica.phase is Phase.WAITING:
            yield Forget(key)
        elif key.other in wanted and _stands_in(replica, observed.get(key.other)):
            # Its successor at the wanted priority is not ready: until then this one answers.
            if key.other in observed:
                yield from _for_broken(replica, now, limits)
        elif replica.phase in (Phase.STARTING, Phase.READY):
            yield Drain(key)
        elif replica.phase is Phase.DRAINING and now - replica.since >= limits.drain_grace_s:
            yield Stop(key)
        else:
            yield from _for_broken(replica, now, limits)


def _stands_in(replica: Replica, successor: Replica | None) -> bool:
    """Whether a running replica answers for one that cannot yet."""
    is_ready = successor is not None and successor.phase is Phase.READY
    return replica.phase in _RUNNING and not is_ready
