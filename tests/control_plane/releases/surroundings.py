"""The machine, and what happens around releases: to persons, by kills, in freezes."""

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from control_plane import clock
from control_plane.errors import ControlPlaneError
from control_plane.people.access import disable_person
from control_plane.people.keys import issue_person_key
from control_plane.principal import Permission, permissions_of
from control_plane.registry.service import get_version
from control_plane.releases import freezes, kills, reviews
from control_plane.releases.lifecycle import CLOSED, STARTED, State, Verb
from control_plane.releases.queries import open_release
from control_plane.releases.retirement import retire_unused
from tests.control_plane.releases.bookkeeping import MODEL
from tests.control_plane.releases.interlocking import Interlocking, people, plans, versions

roles = st.sampled_from([["approver"], ["release_manager"], ["viewer"]])


class Surroundings(Interlocking):
    """Roles and keys come and go, models are killed and frozen, versions retired."""

    @rule(verb=st.sampled_from([Verb.RAMP, Verb.PROMOTE]))
    def who_approved_loses_the_role(self, verb):
        target = self.newest()
        for name in sorted(self.known[target.id].approvals):
            self.change_roles(name, ["viewer"])
        self.go_on(verb)

    @rule(plan=plans, second=st.sampled_from(("dee", "eve")))
    def an_approval_from_before_an_edit_carries_nothing(self, plan, second):
        """Another one stands beside it, until that person may judge no longer."""
        self.change_roles(second, ["approver"])
        self.carry_on(3 if State(self.newest().state) in CLOSED else 2, Verb.RAMP)
        if State(self.newest().state) is not State.APPROVED:
            return
        self.remember("ada")
        self.edit_what_was_remembered("ada", plan)
        for who, verb in (("ada", Verb.SUBMIT), (second, Verb.APPROVE)):
            self.go(self.newest(), who, verb)
        self.who_approved_loses_the_role(Verb.RAMP)

    @precondition(lambda self: len(self.hands) < 2)
    @rule(puppet=st.sampled_from(("dee", "eve")), plan=plans)
    def who_was_made_does_not_judge_their_maker(self, puppet, plan):
        """cy, who may write and make persons, edits, and has somebody approve."""
        self.give_a_key("cy", puppet)
        self.change_roles(puppet, ["approver"])
        if State(self.newest().state) in CLOSED:
            self.go_on(Verb.RAMP)
        self.remember("cy")
        self.edit_what_was_remembered("cy", plan)
        self.go(self.newest(), "ada", Verb.SUBMIT)
        self.go(self.newest(), puppet, Verb.APPROVE)

    @rule(plan=plans)
    def an_exemption_is_of_the_content_that_was_read(self, plan):
        if not self.frozen:
            self.freeze()
        self.change_roles("ben", ["approver"])
        self.change_roles("dee", ["approver"])
        if State(self.newest().state) in CLOSED:
            self.go_on(Verb.RAMP)
        self.let_through("dee")
        self.remember("ada")
        self.edit_what_was_remembered("ada", plan)
        for who, verb in (("ada", Verb.SUBMIT), ("ben", Verb.APPROVE), ("ada", Verb.START)):
            self.go(self.newest(), who, verb)

    @rule(who=people, version=versions)
    def retire(self, who, version):
        self.do(retire_unused, self.desk.person(who), version, "x")

    @rule(who=people, version=versions)
    def kill(self, who, version):
        if self.do(kills.set_kill, self.desk.person(who), MODEL, version, "x", None) is None:
            return
        assert version in self.promoted
        assert self.desk.read(get_version, version).state == "registered"
        self.killers.append(who)
        release = self.desk.read(open_release, MODEL)
        if release is not None and State(release.state) in STARTED:
            assert (release.state, release.buckets) == (State.PAUSED, 0)

    @rule(who=people)
    def answer_a_review(self, who):
        for review in self.desk.read(reviews.list_reviews, reviews.Standing.OPEN)[:1]:
            asked = (review.id, "justified", "it was on fire")
            done = self.do(reviews.close_review, self.desk.person(who), *asked)
            allowed = who != review.killed_by and self.may(who, Permission.KILLS_REVIEW)
            allowed = allowed and self.independent(who, {review.killed_by})
            assert (done is not None) == allowed

    @precondition(lambda self: len(self.hands) < 3)
    @rule(giver=st.sampled_from(("cy", "dee")), taker=st.sampled_from(("cy", "dee", "eve")))
    def give_a_key(self, giver, taker):
        if giver != taker and self.do(issue_person_key, self.desk.person(giver), taker):
            self.hands.append((giver, taker))

    @rule(who=people)
    def unkill(self, who):
        self.do(kills.clear_kill, self.desk.person(who), MODEL, "x")

    @precondition(lambda self: not self.frozen)
    @rule()
    def freeze(self):
        window = freezes.Window(ends_at=clock.later(3600), reason="x", models=[MODEL])
        self.desk.write(freezes.create_freeze, self.desk.person("gus"), window)
        self.frozen = True
        self.exempt.clear()

    @precondition(lambda self: self.frozen)
    @rule(who=people)
    def let_through(self, who):
        [window] = self.desk.read(freezes.list_freezes)
        target = self.newest()
        asked = (window.id, target, "x")
        if self.do(freezes.exempt, self.desk.person(who), *asked) is not None:
            contributors = self.known[target.id].contributors
            assert self.may(who, Permission.RELEASES_APPROVE)
            assert who not in contributors | self.living(target)
            assert self.independent(who, contributors | self.living(target))
            self.exempt[target.id][who] = self.bound(target)

    @precondition(lambda self: self.frozen)
    @rule(who=people)
    def thaw(self, who):
        [window] = self.desk.read(freezes.list_freezes)
        ended = self.do(freezes.end_freeze, self.desk.person(who), window.id, "x")
        assert ended is None or self.may(who, Permission.RELEASES_APPROVE)
        self.frozen = ended is None

    @rule(who=people, wanted=roles)
    def change_roles(self, who, wanted):
        """ada and cy stay who they are, so that there is always somebody to go on."""
        if who in ("ada", "cy"):
            return
        with suppress(ControlPlaneError):
            self.desk.change_roles(who, wanted)
            disabled = who == "eve" and self.eve_is_disabled
            self.roles[who] = frozenset() if disabled else permissions_of(wanted)

    @rule()
    def disable(self):
        self.do(disable_person, self.desk.person("gus"), "eve")
        self.roles["eve"], self.eve_is_disabled = frozenset(), True

    @invariant()
    def every_kill_is_reviewed_by_somebody_else(self):
        found = self.desk.read(reviews.list_reviews)
        assert sorted(review.killed_by for review in found) == sorted(self.killers)
        assert all(review.closed_by != review.killed_by for review in found)
