import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS
from control_plane.releases.steps import (
    Progress,
    Step,
    pack_step,
    present_step,
    read_steps,
    show_step,
    unpack_step,
    why_closed,
)

PLAN = (
    Step(buckets=500, hold_s=3600, minimum_sample=1000, manual_gate=True),
    Step(buckets=2500, hold_s=60),
    Step(buckets=5000),
)
step_of = st.builds(
    Step,
    buckets=st.integers(1, BUCKETS),
    hold_s=st.integers(0, 100),
    minimum_sample=st.integers(0, 100),
    manual_gate=st.booleans(),
)
plans = st.lists(step_of, min_size=1, max_size=5, unique_by=lambda s: s.buckets).map(
    lambda steps: tuple(sorted(steps, key=lambda s: s.buckets))
)


def at(buckets, seconds=1e9, subjects=10**9, gate_opened=True):
    return Progress(buckets=buckets, seconds=seconds, subjects=subjects, gate_opened=gate_opened)


def test_the_next_step_is_open_once_everything_was_met():
    assert why_closed(PLAN, at(500, 3600, 1000), 2500) == []


@pytest.mark.parametrize(
    ("progress", "reason"),
    [
        (at(500, seconds=3599.9), "holds for 3600 s, 3599 s have passed"),
        (at(500, seconds=-5), "holds for 3600 s, 0 s have passed"),
        (at(500, subjects=999), "needs 1000 subjects on the candidate, 999 are recorded"),
        (at(500, subjects=None), "there is no data to count them in"),
        (at(500, gate_opened=False), "the gate of the step at 5 % was not opened"),
    ],
)
def test_what_is_not_met_is_said(progress, reason):
    [found] = why_closed(PLAN, progress, 2500)
    assert reason in found
    # The same stands against a weight that is in no plan, and against promoting.
    assert found in why_closed(PLAN, progress, 501)
    assert found in why_closed(PLAN, progress, None)


def test_all_that_is_missing_is_said_at_once():
    assert len(why_closed(PLAN, at(500, 0, None, gate_opened=False), 2500)) == 3


def test_a_step_that_asks_for_something_is_not_skipped():
    [skipped] = why_closed(PLAN, at(500), 5000)
    assert skipped == "step 2 of the plan (25 %) asks for 60 s"
    assert why_closed(PLAN, at(500), None) == [skipped]
    assert why_closed(PLAN, at(0), 500) == []
    [first] = why_closed(PLAN, at(0), 501)
    assert "step 1" in first
    # One that asks for nothing is.
    assert why_closed(PLAN, at(2500), None) == []


def test_below_the_first_step_nothing_is_asked():
    assert present_step(PLAN, 499) is None
    assert why_closed(PLAN, at(0, 0, None, gate_opened=False), 500) == []


@given(plans, st.integers(0, BUCKETS), st.integers(0, BUCKETS))
def test_there_is_no_way_to_promoted_that_meets_less_than_every_step(steps, first, second):
    """Two hops, the second from a step that meets nothing: it must have asked for nothing."""
    low, high = sorted((first, second))
    unmet = at(high, 0, None, gate_opened=False)
    if why_closed(steps, at(low), high) or why_closed(steps, unmet, None):
        return
    for step in steps:
        if step.buckets > low:
            assert not step.binds


@given(plans)
def test_steps_survive_being_stored_and_being_shown(steps):
    assert tuple(unpack_step(pack_step(step)) for step in steps) == steps
    assert read_steps([show_step(step) for step in steps]) == steps


def test_a_step_that_is_only_a_weight_is_stored_as_ever():
    assert [pack_step(step) for step in read_steps([0.05, {"weight": 0.25}])] == [500, 2500]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ([], "steps"),
        ([0.1] * 51, "steps"),
        ([{}], "steps[0].weight"),
        ([0.1, {"weight": 0.1}], "steps[1]"),
        ([{"weight": 0.1, "hold_s": -1}], "steps[0].hold_s"),
        ([{"weight": 0.1, "hold_s": 1.5}], "steps[0].hold_s"),
        ([{"weight": 0.1, "minimum_sample": True}], "steps[0].minimum_sample"),
        ([{"weight": 0.1, "manual_gate": 1}], "steps[0].manual_gate"),
        ([{"weight": 0.1, "colour": 1}], "steps[0].colour"),
        ([[0.1]], "steps[0]"),
    ],
)
def test_a_bad_step_names_its_member(given, field):
    with pytest.raises(ContractError) as caught:
        read_steps(given)
    assert caught.value.field == field
