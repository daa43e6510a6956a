"""The machine, with a second model whose releases join those of the first."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from control_plane.principal import Permission
from control_plane.releases import drafts, groups
from control_plane.releases.content import Draft
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import CLOSED, STARTED, State, Verb, goes_back
from control_plane.releases.order import Order
from tests.control_plane.releases.bookkeeping import Known
from tests.control_plane.releases.conftest import tag
from tests.control_plane.releases.interlocking import (
    WEIGHTED,
    people,
    plans,
    weights,
)
from tests.control_plane.releases.surroundings import Surroundings

OTHER = "pricing"
WAITING = (State.DRAFT, State.IN_REVIEW, State.APPROVED, State.SCHEDULED)


class Grouped(Surroundings):
    """Releases that move together, or not at all."""

    @initialize()
    def other_first_version(self):
        release = self.desk.bootstrap(model=OTHER)
        self.known[release.id] = Known({"ada"}, {"ben": self.bound(release)})
        self.promoted.add(release.candidate)

    def grouped(self):
        return self.newest().group_id is not None

    @precondition(lambda self: not self.grouped() and State(self.newest().state) in WAITING)
    @rule(who=people, steps=plans)
    def bind(self, who, steps):
        fraud, other = self.newest(), self.newest(OTHER)
        if State(other.state) in CLOSED | {State.PROMOTED}:
            candidate = next(
                tag(n, OTHER) for n in (2, 3, 4, 1) if tag(n, OTHER) != other.candidate
            )
            draft = Draft(
                model=OTHER, candidate=candidate, shadow=fraud.shadow, steps=steps, reason="x"
            )
            made = self.do(drafts.create_release, self.desk.person("ada"), draft)
            if made is None:
                return
            other = made
            self.known[other.id] = Known({"ada"})
        pair = (fraud.id, other.id)
        if self.do(groups.create_group, self.desk.person(who), pair, Order(reason="x")) is None:
            return
        assert self.may(who, Permission.RELEASES_WRITE)
        assert {State(fraud.state), State(other.state)} <= set(WAITING)
        assert fraud.shadow == other.shadow
        for each in map(self.desk.release, pair):
            assert each.state == State.DRAFT
            self.shaped(who, each)

    @rule(steps=plans, verb=st.sampled_from([Verb.RAMP, Verb.PROMOTE]))
    def a_group_goes_its_way(self, steps, verb):
        """With an approver, in no freeze and under no kill: so that the machine gets there."""
        self.change_roles("ben", ["approver"])
        self.unkill("ada")
        if self.frozen:
            self.thaw("ben")
        if State(self.newest().state) in CLOSED:
            self.go_on(verb)
        if State(self.newest().state) in WAITING and not self.grouped():
            self.bind("ada", steps)
        self.carry_on(5, verb)

    @precondition(lambda self: self.grouped())
    @rule(who=people)
    def dissolve(self, who):
        members = self.mates(self.newest())
        group = self.desk.read(groups.get_group, members[0].group_id)
        order = Order(reason="x", expected_revision=group.revision)
        if self.do(groups.dissolve_group, self.desk.person(who), group.id, order) is None:
            return
        assert self.may(who, Permission.RELEASES_WRITE)
        assert all(State(each.state) in (*WAITING, State.ABORTED) for each in members)
        for each in members:
            if State(each.state) is not State.ABORTED:
                self.shaped(who, self.desk.release(each.id))

    @precondition(lambda self: self.grouped())
    @rule(verb=st.sampled_from([Verb.RAMP, Verb.PROMOTE]))
    def a_member_does_not_go_alone(self, verb):
        self.change_roles("ben", ["approver"])
        self.carry_on(2, Verb.RAMP)
        natural = {
            State.APPROVED: Verb.START,
            State.SHADOW: Verb.RAMP,
            State.CANARY: verb,
            State.PAUSED: Verb.RESUME,
        }
        state = State(self.newest().state)
        if state in natural:
            self.tell("ada", natural[state], None)

    def go(self, target, who, verb):
        if target.group_id is None:
            super().go(target, who, verb)
        else:
            self.tell_group(who, verb, None)

    @precondition(lambda self: self.grouped())
    @rule(who=people, verb=st.sampled_from([v for v in Verb if v is not Verb.EDIT]), weight=weights)
    def tell_group(self, who, verb, weight):
        members = self.mates(self.newest())
        contents = {each.id: each for each in members}
        group = self.desk.read(groups.get_group, members[0].group_id)
        order = Order(
            reason="x",
            starts_at="2999-01-01T00:00:00Z",
            weight=weight if verb in WEIGHTED else None,
            expected_revision=group.revision,
        )
        subjects = 5 if weight is None else 4
        seen = {e.id: Seen(release=e.id, step=e.step, subjects=subjects) for e in members}
        # What approvals were of, before the verb.
        before = self.route()
        asked = (group.id, verb, order, seen)
        moved = self.do(groups.act_group, self.desk.person(who), *asked)
        if moved is None:
            assert [self.desk.release(e.id).revision for e in members] == [
                e.revision for e in members
            ]
            return
        self.check_members(who, verb, contents, moved, seen)
        fraud = next(row for row in moved if row.model != OTHER)
        self.check_nobody_moves_the_wrong_way(before, contents[fraud.id], fraud)

    def check_members(self, who, verb, contents, moved, seen):
        for row in moved:
            target: Any = contents[row.id]
            if row.revision == target.revision:
                # Back already.
                assert goes_back(verb)
                continue
            self.note(who, verb, target, row)
            self.check_way(who, verb, target, row, seen[row.id])
        if not goes_back(verb) and verb is not Verb.REFUSE:
            assert all(row.revision > contents[row.id].revision for row in moved)

    @precondition(lambda self: self.grouped())
    @rule(who=people)
    def rollback_of_a_group_that_carries_traffic_works(self, who):
        started = [e for e in self.mates(self.newest()) if State(e.state) in STARTED]
        if started and self.may(who, Permission.RELEASES_BACK):
            self.tell_group(who, Verb.ROLLBACK, None)
            assert all(self.desk.release(e.id).state == State.ROLLED_BACK for e in started)
