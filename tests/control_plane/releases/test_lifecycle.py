import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.releases.lifecycle import (
    CLOSED,
    OPEN,
    RULES,
    STARTED,
    TRANSITIONS,
    Facts,
    IllegalTransitionError,
    State,
    Verb,
    goes_back,
    meant,
    target,
)

facts = st.builds(Facts, bootstrap=st.booleans(), shadow=st.booleans(), exposed=st.booleans())
verbs = st.sampled_from(Verb)


@given(facts, st.lists(verbs, max_size=30))
def test_no_path_to_traffic_or_promoted_that_skips_an_approved_start(facts, path):
    state, approved = State.DRAFT, False
    for verb in path:
        try:
            reached = target(state, verb, facts)
        except IllegalTransitionError:
            assert verb not in TRANSITIONS[state]
            continue
        if verb in (Verb.EDIT, Verb.REFUSE):
            approved = False
        approved = approved or verb is Verb.APPROVE
        if reached in STARTED | {State.PROMOTED} and not RULES[verb].needs_approval:
            assert state in STARTED
        if reached in STARTED | {State.PROMOTED}:
            assert approved
        state = reached


@pytest.mark.parametrize("state", [State.SHADOW, State.CANARY, State.PAUSED, State.PROMOTED])
@given(facts=facts)
def test_rollback_is_always_possible_once_traffic_may_flow(state, facts):
    assert target(state, Verb.ROLLBACK, facts) is State.ROLLED_BACK
    assert not RULES[Verb.ROLLBACK].needs_approval


@given(st.floats(0, 1), st.floats(0, 1) | st.none())
def test_a_ramp_goes_back_exactly_when_the_weight_is_smaller(present, weight):
    verb = meant(Verb.RAMP, present, weight)
    assert (verb is Verb.LOWER) == (weight is not None and weight < present)
    assert RULES[verb].needs_approval == (verb is Verb.RAMP)
    assert meant(Verb.RESUME, present, weight) is Verb.RESUME


@given(facts)
def test_what_needs_no_approval_never_leads_on(facts):
    """Its way out of a release that carries traffic stays there, stops it or ends it."""
    backward = {verb for verb, rule in RULES.items() if not rule.needs_approval}
    for state in (State.CANARY, State.PAUSED):
        reached = {target(state, verb, facts) for verb in backward & set(TRANSITIONS[state])}
        assert reached <= {state, State.PAUSED, State.ROLLED_BACK, State.ABORTED}


def test_every_state_and_verb_is_in_the_tables():
    assert set(TRANSITIONS) == set(State)
    assert set(RULES) == set(Verb)
    reachable = {edge.to for verbs in TRANSITIONS.values() for es in verbs.values() for edge in es}
    assert reachable == set(State)


def test_an_illegal_transition_names_state_and_verb():
    with pytest.raises(IllegalTransitionError, match="cannot promote a release that is shadow"):
        target(State.SHADOW, Verb.PROMOTE, Facts())


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_nothing_leaves_a_closed_release_but_a_rollback(state):
    assert set(TRANSITIONS[state]) <= {Verb.ROLLBACK}


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (Facts(bootstrap=True, shadow=False), State.PROMOTED),
        (Facts(shadow=True), State.SHADOW),
        (Facts(shadow=False), State.CANARY),
    ],
)
def test_start_depends_on_the_plan(facts, state):
    assert target(State.APPROVED, Verb.START, facts) is state


@pytest.mark.parametrize(("exposed", "state"), [(False, State.SHADOW), (True, State.CANARY)])
def test_resume_goes_back_to_where_it_was(exposed, state):
    assert target(State.PAUSED, Verb.RESUME, Facts(exposed=exposed)) is state


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_either_goes_back_or_needs_somebody(verb):
    judged = {Verb.EDIT, Verb.SUBMIT, Verb.APPROVE, Verb.REFUSE, Verb.OPEN_GATE}
    assert goes_back(verb) != (RULES[verb].needs_approval or verb in judged)


def verbs_that(name):
    return {verb for verb, rule in RULES.items() if getattr(rule, name)}


def test_each_verb_asks_for_what_it_asks_and_for_no_more():
    assert verbs_that("waits_for_thaw") == {Verb.START, Verb.RAMP, Verb.RESUME, Verb.PROMOTE}
    assert verbs_that("needs_approval") == verbs_that("waits_for_thaw") | {Verb.SCHEDULE}
    assert verbs_that("second_person") == {Verb.APPROVE, Verb.OPEN_GATE}
    assert verbs_that("names_revision") == {Verb.EDIT, Verb.APPROVE, Verb.OPEN_GATE}
    judged = {Verb.APPROVE, Verb.REFUSE, Verb.OPEN_GATE}
    assert verbs_that("persons_only") == judged | {Verb.SUBMIT}


def test_an_edit_or_a_refusal_leads_back_to_draft_from_wherever_it_is_possible():
    for verb, states in {
        Verb.EDIT: frozenset(State) - STARTED - CLOSED,
        Verb.REFUSE: {State.IN_REVIEW, State.APPROVED, State.SCHEDULED},
    }.items():
        assert {state for state in State if verb in TRANSITIONS[state]} == states
        assert {target(state, verb, Facts()) for state in states} == {State.DRAFT}


def test_open_and_started_are_those_that_can_be_given_up_and_halted():
    assert {state for state in State if Verb.ABORT in TRANSITIONS[state]} == OPEN
    assert {state for state in State if Verb.HALT in TRANSITIONS[state]} == STARTED
