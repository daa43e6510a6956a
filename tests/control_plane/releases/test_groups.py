import pytest

from bentos.contract.errors import ContractError
from control_plane import clock
from control_plane.errors import (
    ForbiddenError,
    NotFoundError,
    PolicyError,
    PreconditionRequiredError,
    StaleError,
)
from control_plane.releases import freezes, groups, kills
from control_plane.releases.interlock import not_forward
from control_plane.releases.lifecycle import RULES, IllegalTransitionError, State, Verb
from control_plane.releases.order import Order
from control_plane.releases.routes import moving_together
from control_plane.releases.schedule import start_due


class Pair:
    """A release of fraud and one of pricing, bound together by ada."""

    def __init__(self, desk, **more):
        self.desk = desk
        more = {"shadow": False, **more}
        self.fraud = desk.draft(2, model="fraud", **more)
        self.pricing = desk.draft(2, model="pricing", **more)
        self.id = self.make([self.fraud.id, self.pricing.id]).id

    def make(self, members, who="ada"):
        order = Order(reason="they belong together")
        return self.desk.write(groups.create_group, self.desk.person(who), members, order)

    @property
    def revision(self):
        return self.desk.read(groups.get_group, self.id).revision

    def tell(self, who, verb, seen=None, **order):
        if RULES[Verb(verb)].names_revision:
            order.setdefault("expected_revision", self.revision)
        given = Order(**{"reason": "x", **order})
        who = self.desk.person(who)
        return self.desk.write(groups.act_group, who, self.id, Verb(verb), given, seen)

    def edit(self, members, who="ada"):
        order = Order(reason="x", expected_revision=self.revision)
        return self.desk.write(groups.edit_group, self.desk.person(who), self.id, members, order)

    def approve(self):
        self.tell("ada", "submit")
        return self.tell("ben", "approve")

    def start(self):
        self.approve()
        return self.tell("ada", "start")

    def states(self):
        return [self.desk.release(row.id).state for row in (self.fraud, self.pricing)]


@pytest.fixture
def pair(desk):
    desk.bootstrap(1, model="pricing")
    return Pair(desk)


def test_members_move_together_from_draft_to_promoted(pair):
    pair.start()
    assert pair.states() == ["canary", "canary"]
    pair.tell("ada", "ramp")
    assert [pair.desk.release(r.id).buckets for r in (pair.fraud, pair.pricing)] == [2500, 2500]
    pair.tell("ada", "promote")
    assert pair.states() == ["promoted", "promoted"]
    pair.tell("ben", "rollback")
    assert pair.states() == ["rolled_back", "rolled_back"]


def test_what_one_member_refuses_moves_none_and_says_which(pair):
    pair.start()
    pair.desk.tell("ada", pair.pricing, "pause")
    revisions = [pair.desk.release(r.id).revision for r in (pair.fraud, pair.pricing)]
    with pytest.raises(
        PolicyError, match="pricing: cannot ramp a release that is paused"
    ) as caught:
        pair.tell("ada", "ramp")
    assert "No member of the group was moved" in caught.value.detail
    assert [pair.desk.release(r.id).revision for r in (pair.fraud, pair.pricing)] == revisions
    assert pair.desk.release(pair.fraud.id).buckets == 500


def test_forward_a_member_moves_with_its_group_alone_and_back_by_itself(pair):
    for verb, who in [("submit", "ada"), ("approve", "ben")]:
        with pytest.raises(PolicyError, match="moves with its group"):
            pair.desk.tell(who, pair.fraud, verb)
    pair.start()
    for verb in ("ramp", "promote"):
        with pytest.raises(PolicyError, match="moves with its group"):
            pair.desk.tell("ada", pair.fraud, verb)
    assert pair.desk.tell("ada", pair.fraud, "ramp", weight=0.01).buckets == 100
    pair.desk.tell("ada", pair.fraud, "rollback")
    assert pair.states() == ["rolled_back", "canary"]
    with pytest.raises(PolicyError, match="fraud: cannot promote a release that is rolled_back"):
        pair.tell("ada", "promote")
    # It is no longer what was approved: the rest can only go back.
    row = pair.desk.release(pair.pricing.id)
    assert pair.desk.read(not_forward, row) == ["fraud of its group was rolled back"]
    pair.tell("ada", "rollback")
    assert pair.states() == ["rolled_back", "rolled_back"]
    with pytest.raises(PolicyError, match="has anything to rollback"):
        pair.tell("ada", "rollback")


def test_an_edit_of_one_member_voids_the_approval_of_all(pair):
    pair.approve()
    pair.desk.edit("ada", pair.desk.release(pair.fraud.id), steps=[0.5])
    assert pair.states() == ["draft", "draft"]
    with pytest.raises(PolicyError):
        pair.tell("ada", "start")
    pair.start()
    assert pair.desk.release(pair.fraud.id).buckets == 5000


def test_a_changed_membership_voids_the_approval_of_all(pair):
    pair.approve()
    pair.desk.tell("ada", pair.pricing, "abort")
    replacement = pair.desk.draft(3, model="pricing", shadow=False)
    pair.edit([pair.fraud.id, replacement.id])
    assert pair.desk.release(pair.fraud.id).state == State.DRAFT
    assert pair.desk.release(pair.pricing.id).group_id is None
    with pytest.raises(PolicyError):
        pair.tell("ada", "start")


def test_an_approval_of_a_member_alone_is_none_of_the_group(desk):
    """Approved one by one before they were bound: nobody has seen them together."""
    desk.bootstrap(1, model="pricing")
    for model in ("fraud", "pricing"):
        desk.approved(2, model=model, shadow=False)
    from_each = [row.id for row in desk.open_releases()]
    made = desk.write(groups.create_group, desk.person("ada"), from_each, Order(reason="x"))
    assert {row.state for row in desk.open_releases()} == {"draft"}
    order = Order(reason="x")
    with pytest.raises(PolicyError):
        desk.write(groups.act_group, desk.person("ada"), made.id, Verb.START, order)


def test_who_changed_the_group_may_not_approve_it(pair):
    pair.edit([pair.fraud.id, pair.pricing.id], who="cy")
    pair.tell("ada", "submit")
    with pytest.raises(ForbiddenError, match="cy wrote"):
        pair.tell("cy", "approve")
    pair.tell("ben", "approve")


def test_a_contributor_to_one_member_approves_none(pair):
    pair.desk.edit("cy", pair.desk.release(pair.pricing.id), steps=[0.5])
    pair.tell("ada", "submit")
    with pytest.raises(ForbiddenError, match="cy wrote"):
        pair.tell("cy", "approve")
    assert pair.states() == ["in_review", "in_review"]


def test_a_freeze_of_one_model_holds_the_group_until_its_member_is_let_through(pair):
    pair.approve()
    window = freezes.Window(ends_at=clock.later(60), models=["pricing"], reason="sale")
    made = pair.desk.write(freezes.create_freeze, pair.desk.person("gus"), window)
    with pytest.raises(PolicyError, match="pricing: pricing is frozen"):
        pair.tell("ada", "start")
    pair.tell("ada", "schedule", starts_at=clock.later(-1))
    pair.desk.write(start_due)
    assert pair.states() == ["scheduled", "scheduled"]
    frozen = pair.desk.release(pair.pricing.id)
    pair.desk.write(freezes.exempt, pair.desk.person("eve"), made.id, frozen, "hot")
    pair.tell("ada", "start")
    assert pair.states() == ["canary", "canary"]


def test_a_scheduled_group_starts_whole_or_not_at_all(pair):
    pair.approve()
    pair.tell("ada", "schedule", starts_at=clock.later(-1))
    first = "fraud:20261122-00000001"
    pair.desk.write(kills.set_kill, pair.desk.person("ada"), "fraud", first, "bad", None)
    pair.desk.write(start_due)
    assert pair.states() == ["aborted", "aborted"]
    reason = pair.desk.events(f"release:{pair.pricing.id}")[-1].reason
    assert "fraud: fraud is killed" in reason


def test_a_kill_of_one_model_stops_the_group_from_going_on(pair):
    pair.start()
    first = "fraud:20261122-00000001"
    pair.desk.write(kills.set_kill, pair.desk.person("ada"), "fraud", first, "bad", None)
    assert pair.states() == ["paused", "canary"]
    with pytest.raises(PolicyError, match="fraud: "):
        pair.tell("ada", "ramp")
    pair.tell("ada", "pause")
    assert pair.states() == ["paused", "paused"]


def test_a_stale_group_is_told_who_moved_what(pair):
    read = pair.revision
    pair.desk.edit("cy", pair.desk.release(pair.pricing.id), steps=[0.5])
    with pytest.raises(StaleError) as caught:
        pair.tell("ada", "submit", expected_revision=read)
    conflict = caught.value.members["conflict"]
    assert {change["by"] for change in conflict["changes"]} == {"cy"}
    assert conflict["differences"][f"release:{pair.pricing.id}.steps"] == [[0.05, 0.25], [0.5]]
    assert caught.value.members["current_revision"] == pair.revision
    pair.tell("ada", "submit")
    with pytest.raises(PreconditionRequiredError):
        pair.tell("ben", "approve", expected_revision=None)


def test_a_dissolved_group_leaves_drafts_that_go_on_alone(pair):
    pair.approve()
    order = Order(reason="apart", expected_revision=pair.revision)
    pair.desk.write(groups.dissolve_group, pair.desk.person("ada"), pair.id, order)
    assert pair.states() == ["draft", "draft"]
    with pytest.raises(NotFoundError):
        pair.tell("ada", "submit")
    with pytest.raises(IllegalTransitionError):
        pair.desk.tell("ada", pair.fraud, "start")
    pair.desk.tell("ada", pair.fraud, "submit")
    pair.desk.tell("ben", pair.fraud, "approve")
    assert pair.desk.tell("ada", pair.fraud, "start").state == State.CANARY
    actions = [event.action for event in pair.desk.events(f"group:{pair.id}")]
    assert actions == ["group:create", "group:dissolve"]


def test_a_group_that_has_started_stays_what_it_is(pair):
    pair.start()
    with pytest.raises(IllegalTransitionError):
        pair.edit([pair.fraud.id, pair.pricing.id])
    order = Order(reason="x", expected_revision=pair.revision)
    with pytest.raises(IllegalTransitionError):
        pair.desk.write(groups.dissolve_group, pair.desk.person("ada"), pair.id, order)
    assert pair.desk.read(moving_together) == [
        {"fraud": pair.fraud.candidate, "pricing": pair.pricing.candidate}
    ]


def test_a_group_that_makes_no_sense_is_refused(pair):
    with pytest.raises(ContractError, match="2 to 20"):
        pair.edit([pair.fraud.id, pair.fraud.id])
    with pytest.raises(NotFoundError):
        pair.edit([pair.fraud.id, "x"])
    with pytest.raises(PolicyError, match="is in group"):
        pair.make([pair.fraud.id, pair.pricing.id])
    with pytest.raises(ForbiddenError):
        pair.edit([pair.fraud.id, pair.pricing.id], who="ben")


def test_members_that_go_different_ways_are_no_group(desk):
    desk.bootstrap(1, model="pricing")
    shadowed = desk.draft(2, model="fraud", shadow=True)
    straight = desk.draft(2, model="pricing", shadow=False)
    ids = [shadowed.id, straight.id]
    with pytest.raises(PolicyError, match="differ in shadow"):
        desk.write(groups.create_group, desk.person("ada"), ids, Order(reason="x"))
    assert desk.release(shadowed.id).group_id is None


def test_first_versions_are_promoted_together(new_desk):
    pair = Pair(new_desk, kind="bootstrap")
    pair.start()
    assert pair.states() == ["promoted", "promoted"]
