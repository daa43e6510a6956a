"""Persons who ask for anything, in any order and at once, as a machine for hypothesis.

The machine drives the real services over a real database. What it holds them to it keeps by
itself, from what it asked and was given, never from the tables it judges.
"""

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
)

from bentos.contract.route import BUCKETS, compile_feature
from control_plane.principal import Permission
from control_plane.registry import history
from control_plane.registry.service import get_version
from control_plane.releases import drafts, service
from control_plane.releases.content import Draft
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import STARTED, State, Verb
from control_plane.releases.movement import version_at
from control_plane.releases.order import Order
from control_plane.releases.queries import list_releases, open_release
from tests.control_plane.releases.bookkeeping import MODEL, Bookkeeping, Known, read_content
from tests.control_plane.releases.conftest import tag

FORWARD = (Verb.SCHEDULE, Verb.START, Verb.RAMP, Verb.RESUME, Verb.PROMOTE)
WEIGHTED = (Verb.RAMP, Verb.LOWER, Verb.RESUME)
people = st.sampled_from(("ada", "ben", "cy", "dee", "eve"))
versions = st.integers(1, 4).map(tag)
weights = st.none() | st.sampled_from([0.0, 0.05, 0.5])
gated = {"weight": 0.1, "manual_gate": True}
sampled = {"weight": 0.1, "minimum_sample": 5}
plans = st.sampled_from([[0.1], [0.1, 0.5], [gated, 0.5], [sampled, 0.5]])


class Interlocking(Bookkeeping):
    """One model, five persons whose roles change, editors who act on what they read earlier."""

    @initialize()
    def first_version(self):
        release = self.desk.bootstrap()
        self.known[release.id] = Known({"ada"}, {"ben": self.bound(release)})
        self.promoted.add(release.candidate)

    @rule(author=people, candidate=versions, shadow=st.booleans(), steps=plans)
    def create(self, author, candidate, shadow, steps):
        draft = Draft(model=MODEL, candidate=candidate, shadow=shadow, steps=steps, reason="x")
        row = self.do(drafts.create_release, self.desk.person(author), draft)
        if row is not None:
            assert self.may(author, Permission.RELEASES_WRITE)
            self.known[row.id] = Known({author})

    @rule(who=people)
    def remember(self, who):
        """They look at it, and go for a coffee."""
        row = self.newest()
        self.remembered[who] = (row.id, row.revision, read_content(row))

    @rule(editor=people, steps=plans)
    def edit_what_was_remembered(self, editor, steps):
        if editor not in self.remembered:
            self.remember(editor)
        release, revision, content = self.remembered[editor]
        before = self.desk.release(release)
        who = self.desk.person(editor)
        row = self.do(drafts.edit_release, who, release, {"steps": steps}, revision)
        if row is not None:
            # Nothing they had not seen was overwritten.
            assert (before.revision, read_content(before)) == (revision, content)
            self.shaped(editor, row)

    @rule(judge=people)
    def approve_what_was_remembered(self, judge):
        if judge not in self.remembered:
            self.remember(judge)
        release, revision, content = self.remembered[judge]
        before = self.desk.release(release)
        order = Order(reason="x", expected_revision=revision)
        who = self.desk.person(judge)
        row = self.do(service.act, who, release, Verb.APPROVE, order)
        if row is not None:
            assert (before.revision, read_content(before)) == (revision, content)
            self.note(judge, Verb.APPROVE, before, row)

    @rule(first=people, second=people, plan=plans, other=plans)
    def two_editors_read_the_same(self, first, second, plan, other):
        for each in (first, second):
            self.remember(each)
        self.edit_what_was_remembered(first, plan)
        self.edit_what_was_remembered(second, other)

    @rule(verb=st.sampled_from([Verb.RAMP, Verb.PROMOTE]))
    def go_on(self, verb):
        """What comes next, by persons who may: so that the machine gets anywhere."""
        target = self.newest()
        judges = [
            name
            for name in ("ben", "dee", "eve", "cy")
            if self.may(name, Permission.RELEASES_APPROVE)
            and name not in self.known[target.id].contributors
            and self.independent(name, self.known[target.id].contributors)
        ]
        natural = {
            State.DRAFT: ("ada", Verb.SUBMIT),
            State.IN_REVIEW: (judges[0] if judges else "cy", Verb.APPROVE),
            State.APPROVED: ("ada", Verb.START),
            State.SHADOW: ("ada", Verb.RAMP),
            State.CANARY: ("ada", verb),
            State.PAUSED: ("ada", Verb.RESUME),
        }
        if State(target.state) in natural:
            self.go(target, *natural[State(target.state)])
        else:
            fresh = next(tag(n) for n in (2, 3, 4, 1) if tag(n) != target.candidate)
            self.create("ada", fresh, False, [0.1, 0.5])

    @rule(steps=st.integers(2, 7), verb=st.sampled_from([Verb.RAMP, Verb.PROMOTE]))
    def carry_on(self, steps, verb):
        for _ in range(steps):
            self.go_on(verb)

    def go(self, target, who, verb):
        self.tell(who, verb, None)

    @rule(who=people, verb=st.sampled_from([v for v in Verb if v is not Verb.EDIT]), weight=weights)
    def tell(self, who, verb, weight):
        target = self.newest()
        before = self.route()
        order = Order(
            reason="x",
            starts_at="2999-01-01T00:00:00Z",
            weight=weight if verb in WEIGHTED else None,
            expected_revision=target.revision,
        )
        seen = Seen(release=target.id, step=target.step, subjects=5 if weight is None else 4)
        person = self.desk.person(who)
        row = self.do(service.act, person, target.id, verb, order, seen)
        if row is None:
            return
        assert verb is not Verb.HALT
        self.note(who, verb, target, row)
        self.check_way(who, verb, target, row, seen)
        if target.group_id is not None:
            # Forward it moves with its group alone.
            assert verb is Verb.OPEN_GATE or row.buckets <= target.buckets
            assert row.state in (target.state, State.PAUSED, State.ROLLED_BACK, State.ABORTED)
        self.check_nobody_moves_the_wrong_way(before, target, row)

    def check_way(self, who, verb, target, row, seen):
        if verb in FORWARD and not (verb is Verb.RAMP and row.buckets < target.buckets):
            self.check_forward(who, verb, target, row, seen)
        else:
            assert row.buckets <= target.buckets or verb is Verb.OPEN_GATE

    def check_forward(self, who, verb, target, row, seen):
        assert self.may(who, Permission.RELEASES_FORWARD)
        mates = self.mates(target)
        assert self.living(target)
        assert verb is Verb.SCHEDULE or not self.is_frozen(target)
        assert all(mate.state not in (State.ROLLED_BACK, State.ABORTED) for mate in mates)
        on = row.buckets > target.buckets or verb is Verb.PROMOTE
        if not on or not target.steps or isinstance(target.steps[0], int):
            return
        # Its first step asks for something: it was met, or is yet to be reached.
        first = target.steps[0]
        if target.buckets >= first["buckets"]:
            assert seen.subjects >= first["minimum_sample"]
            if first["manual_gate"] and target.buckets < 5000:
                assert self.known[row.id].gate is not None
                step, opener = self.known[row.id].gate
                assert step == target.step
                assert self.may(opener, Permission.RELEASES_APPROVE)
        else:
            assert row.buckets <= first["buckets"]
            assert verb is not Verb.PROMOTE

    def check_nobody_moves_the_wrong_way(self, before, target, row):
        """Raising the weight takes nobody off the canary, lowering it puts nobody on."""
        after = self.route()
        if before is None or before.canary is None or after.canary is None:
            return
        edges = {0, before.canary.buckets, after.canary.buckets, BUCKETS}
        for bucket in {min(BUCKETS - 1, max(0, e + d)) for e in edges for d in (-1, 0)}:
            way = version_at(before, bucket), version_at(after, bucket)
            if row.buckets >= target.buckets:
                assert way != (row.candidate, row.stable)
            if row.buckets <= target.buckets:
                assert way != (row.stable, row.candidate)

    @rule(who=people)
    def rollback_of_what_carries_traffic_works(self, who):
        target = self.newest()
        if State(target.state) in STARTED and self.may(who, Permission.RELEASES_BACK):
            row = self.desk.tell(who, target, "rollback")
            assert row.state == State.ROLLED_BACK
            assert self.route().stable == target.stable

    @rule(who=people)
    def rollback_of_the_stable_version_works_while_there_is_an_earlier_one(self, who):
        if not self.may(who, Permission.RELEASES_BACK):
            return
        newest = self.desk.read(history.standing, MODEL)[0]
        earlier = self.desk.read(history.previous_of, MODEL)
        order = Order(reason="x")
        person = self.desk.person(who)
        row = self.do(service.act, person, newest.release, Verb.ROLLBACK, order)
        assert (row is None) == (earlier is None)
        assert self.desk.read(history.stable_of, MODEL) == (earlier or newest.version)

    @invariant()
    def what_serves_was_promoted_and_is_not_retired(self):
        stable = self.desk.read(history.stable_of, MODEL)
        if stable is not None:
            assert stable in self.promoted
            assert self.desk.read(get_version, stable).state == "registered"

    @invariant()
    def what_carries_traffic_was_approved_by_somebody_else(self):
        for row in self.desk.read(list_releases):
            if State(row.state) in STARTED | {State.PROMOTED}:
                known = self.known[row.id]
                approved = {p for p, c in known.approvals.items() if c == self.bound(row)}
                assert approved - known.contributors

    @invariant()
    def what_is_compiled_is_what_the_state_says(self):
        route = self.route()
        if route is None:
            return
        release = self.desk.read(open_release, MODEL)
        state = None if release is None else State(release.state)
        feature = compile_feature(route)
        assert feature["defaultValue"]["serve"] == self.desk.read(history.stable_of, MODEL)
        shadow = [release.candidate] if state is State.SHADOW else []
        assert feature["defaultValue"]["shadow"] == shadow
        exposed = state in (State.CANARY, State.PAUSED) and release.step > 0
        assert ("rules" in feature) == exposed
        if exposed:
            weight = release.buckets / BUCKETS
            assert feature["rules"][0]["ranges"] == [[weight, 1], [0, weight]]
            assert feature["rules"][0]["seed"] == release.id
