"""The plan as a table: what is wanted, what runs, what is to be done."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.fleet.desired import Desired, DesiredVersion
from control_plane.fleet.plan import (
    Drain,
    Forget,
    Keep,
    Kill,
    Limits,
    Reprioritise,
    Start,
    Stop,
    plan,
    wanted_keys,
)
from control_plane.fleet.replica import Key, Phase, Priority, Replica

NOW = 1000.0
DIGEST = "a" * 64
VERSION = "fraud:20260101-00000000"
KEY = Key(version=VERSION, index=0, bento_digest=DIGEST)
WANTED = Desired(versions=(DesiredVersion(version=VERSION, model="fraud", bento_digest=DIGEST),))
NOTHING = Desired()
SHADOW_KEY = replace(KEY, priority=Priority.SHADOW)
MIRRORED = Desired(versions=(msgspec.structs.replace(WANTED.versions[0], priority="shadow"),))


def one(phase: Phase, age: float = 0.0, **changes) -> Replica:
    return Replica(key=KEY, phase=phase, since=NOW - age, **changes)


@pytest.mark.parametrize(
    ("desired", "replica", "expected"),
    [
        (WANTED, None, [Start(KEY)]),
        (WANTED, one(Phase.STARTING, 1), []),
        (WANTED, one(Phase.STARTING, 90), [Kill(KEY, "not ready within 90 s")]),
        (WANTED, one(Phase.READY, 500), []),
        (WANTED, one(Phase.READY, 500, failed_probes=4), []),
        (
            WANTED,
            one(Phase.READY, 500, failed_probes=5),
            [Kill(KEY, "hung: 5 probes failed in a row")],
        ),
        (WANTED, one(Phase.WAITING, not_before=NOW + 1), []),
        (WANTED, one(Phase.WAITING, not_before=NOW), [Start(KEY)]),
        (WANTED, one(Phase.DRAINING, 1), [Keep(KEY)]),
        (WANTED, one(Phase.STOPPING, 1), []),
        (WANTED, one(Phase.STOPPING, 10), [Kill(KEY, "still running 10 s after SIGTERM")]),
        (NOTHING, None, []),
        (NOTHING, one(Phase.STARTING), [Drain(KEY)]),
        (NOTHING, one(Phase.READY), [Drain(KEY)]),
        (NOTHING, one(Phase.WAITING, not_before=NOW + 99), [Forget(KEY)]),
        (NOTHING, one(Phase.DRAINING, 9), []),
        (NOTHING, one(Phase.DRAINING, 10), [Stop(KEY)]),
        (NOTHING, one(Phase.STOPPING, 9), []),
        (NOTHING, one(Phase.STOPPING, 10), [Kill(KEY, "still running 10 s after SIGTERM")]),
    ],
)
def test_plan(desired, replica, expected):
    observed = {} if replica is None else {KEY: replica}
    assert list(plan(desired, observed, NOW, Limits())) == expected


def test_another_digest_under_the_same_tag_replaces_the_worker():
    other = replace(KEY, bento_digest="b" * 64)
    observed = {other: Replica(key=other, phase=Phase.READY, since=0.0)}
    assert list(plan(WANTED, observed, NOW, Limits())) == [Start(KEY), Drain(other)]


def test_fewer_replicas_drain_the_highest_index():
    second = replace(KEY, index=1)
    observed = {key: Replica(key=key, phase=Phase.READY, since=0.0) for key in (KEY, second)}
    assert list(plan(WANTED, observed, NOW, Limits())) == [Drain(second)]


def at(key: Key, phase: Phase, age: float = 0.0) -> dict[Key, Replica]:
    return {key: Replica(key=key, phase=phase, since=NOW - age)}


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.READY])
def test_a_worker_at_another_priority_is_given_the_wanted_one(phase):
    assert list(plan(WANTED, at(SHADOW_KEY, phase, 100), NOW, Limits())) == [
        Reprioritise(SHADOW_KEY, KEY)
    ]
    assert list(plan(MIRRORED, at(KEY, phase, 100), NOW, Limits())) == [
        Reprioritise(KEY, SHADOW_KEY)
    ]


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.DRAINING, Phase.STOPPING])
def test_a_worker_that_ends_is_not_worth_another_priority(phase):
    actions = plan(WANTED, at(SHADOW_KEY, phase), NOW, Limits())
    assert Start(KEY) in actions
    assert not any(isinstance(action, Reprioritise) for action in actions)


@pytest.mark.parametrize("successor", [Phase.STARTING, Phase.WAITING])
def test_a_worker_stands_in_until_its_successor_is_ready(successor):
    observed = at(SHADOW_KEY, Phase.READY) | at(KEY, successor)
    later = replace(observed[KEY], not_before=NOW + 9)
    assert list(plan(WANTED, {**observed, KEY: later}, NOW, Limits())) == []
    ready = at(SHADOW_KEY, Phase.READY) | at(KEY, Phase.READY)
    assert list(plan(WANTED, ready, NOW, Limits())) == [Drain(SHADOW_KEY)]


def test_a_stand_in_that_hangs_is_killed_all_the_same():
    hung = replace(at(SHADOW_KEY, Phase.READY)[SHADOW_KEY], failed_probes=5)
    observed = {SHADOW_KEY: hung} | at(KEY, Phase.STARTING)
    [action] = plan(WANTED, observed, NOW, Limits())
    assert isinstance(action, Kill)


phases = st.sampled_from(list(Phase))
indexes = st.integers(0, 3)


@given(
    wanted=st.integers(0, 4),
    running=st.dictionaries(indexes, st.tuples(phases, st.floats(0, 200), st.integers(0, 9))),
)
def test_at_most_one_action_a_replica_and_each_fits_its_phase(wanted, running):
    desired = Desired(
        versions=(
            DesiredVersion(version=VERSION, model="fraud", bento_digest=DIGEST, replicas=wanted),
        )
    )
    observed = {
        replace(KEY, index=index): Replica(
            key=replace(KEY, index=index), phase=phase, since=NOW - age, failed_probes=probes
        )
        for index, (phase, age, probes) in running.items()
    }
    actions = plan(desired, observed, NOW, Limits())
    assert len({action.key for action in actions}) == len(actions)
    for action in actions:
        replica = observed.get(action.key)
        if isinstance(action, Start):
            assert action.key in wanted_keys(desired)
            assert replica is None or replica.phase is Phase.WAITING
        if isinstance(action, Drain | Stop | Forget):
            assert action.key not in wanted_keys(desired)
