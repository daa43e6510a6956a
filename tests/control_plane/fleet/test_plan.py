"""The plan as a table: what is wanted, what runs, what is to be done."""

from dataclasses import replace

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
    Start,
    Stop,
    plan,
    wanted_keys,
)
from control_plane.fleet.replica import Key, Phase, Replica

NOW = 1000.0
DIGEST = "a" * 64
VERSION = "fraud:20260101-00000000"
KEY = Key(version=VERSION, index=0, bento_digest=DIGEST)
WANTED = Desired(versions=(DesiredVersion(version=VERSION, model="fraud", bento_digest=DIGEST),))
NOTHING = Desired()


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
