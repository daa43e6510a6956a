"""What is offered of a group is what ``groups`` takes; members alone are offered no way forward."""

import pytest

from control_plane.errors import ControlPlaneError
from control_plane.releases import groups
from control_plane.releases.binding import members_of
from control_plane.releases.group_options import BY_ITSELF, group_options, is_open, joinable
from control_plane.releases.lifecycle import RULES, Verb
from control_plane.releases.options import options
from control_plane.releases.order import Order

FREE = frozenset(Verb) - BY_ITSELF - {Verb.HALT}


@pytest.fixture
def pair(desk):
    """A release of fraud and one of pricing, bound together; returns the group's id."""
    desk.bootstrap(model="pricing")
    more = {"shadow": False, "steps": [0.1, 0.2]}
    members = [desk.draft(2, model=model, **more).id for model in ("fraud", "pricing")]
    order = Order(reason="together")
    return desk.write(groups.create_group, desk.person("ada"), members, order).id


def tell(desk, pair, who, verb, *, undo=False, **order):
    revision = desk.read(groups.get_group, pair).revision
    if RULES[verb].names_revision:
        order["expected_revision"] = revision
    with desk.database.write() as session:
        groups.act_group(session, desk.person(who), pair, verb, Order(reason="x", **order))
        if undo:
            session.rollback()


def offered(desk, pair, who):
    rows = desk.read(members_of, pair)
    return {o.verb: o for o in desk.read(group_options, desk.person(who), rows, lambda _: None)}


def takes(desk, pair, who, verb, **order):
    try:
        tell(desk, pair, who, verb, undo=True, **order)
    except ControlPlaneError:
        return False
    return True


STEPS = ((), ("submit",), ("submit", "approve"), ("submit", "approve", "start"))


@pytest.mark.parametrize("done", STEPS, ids=len)
@pytest.mark.parametrize("who", ["ada", "ben", "cy", "fay"])
def test_offers_are_taken_and_what_is_not_offered_is_refused(desk, pair, who, done):
    for verb in done:
        tell(desk, pair, "ben" if verb == "approve" else "ada", Verb(verb))
    found = offered(desk, pair, who)
    more = {
        Verb.RAMP: {"weight": 0.2},
        Verb.LOWER: {"weight": 0.01},
        Verb.SCHEDULE: {"starts_at": "2099-01-01T00:00:00Z"},
    }
    for verb in FREE:
        may = verb in found and not found[verb].obstacles
        assert may == takes(desk, pair, who, verb, **more.get(verb, {})), verb


def test_members_on_different_steps_have_no_common_next_one(desk, pair):
    for verb in ("submit", "approve", "start"):
        tell(desk, pair, "ben" if verb == "approve" else "ada", Verb(verb))
    assert offered(desk, pair, "ada")[Verb.RAMP].buckets == 2000
    fraud, _ = desk.read(members_of, pair)
    desk.tell("ada", fraud, "ramp", weight=0.05)
    assert offered(desk, pair, "ada")[Verb.RAMP].buckets is None


def test_what_stands_in_the_way_says_of_which_member(desk, pair):
    tell(desk, pair, "ada", Verb.SUBMIT)
    tell(desk, pair, "ben", Verb.APPROVE)
    desk.change_roles("ben", ["viewer"])
    why = offered(desk, pair, "ada")[Verb.START].obstacles
    assert {each.partition(":")[0] for each in why} == {"fraud", "pricing"}


def test_a_member_alone_is_offered_only_the_ways_back(desk, pair):
    for verb in ("submit", "approve", "start"):
        tell(desk, pair, "ben" if verb == "approve" else "ada", Verb(verb))
    fraud, _ = desk.read(members_of, pair)
    alone = {each.verb for each in desk.read(options, desk.person("ada"), fraud)}
    assert alone == {Verb.LOWER, Verb.PAUSE, Verb.ROLLBACK, Verb.ABORT}


def test_only_what_has_not_started_and_is_in_no_other_group_can_be_bound(desk, pair):
    rows = desk.read(members_of, pair)
    assert joinable(rows) == []
    assert joinable(rows, pair) == rows
    assert is_open(rows)
    for verb in ("submit", "approve", "start"):
        tell(desk, pair, "ben" if verb == "approve" else "ada", Verb(verb))
    assert joinable(desk.read(members_of, pair), pair) == []
