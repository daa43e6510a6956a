"""Persons who ask for anything, in any order and at once, as a machine for hypothesis.

The machine drives the real services over a real database. What it holds them to it keeps by
itself, from what it asked and was given, never from the tables it judges.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS, compile_feature
from control_plane.audit.verifier import verify
from control_plane.errors import ControlPlaneError
from control_plane.inquiry.history import Period
from control_plane.inquiry.stale_approvals import stale_approvals
from control_plane.principal import Permission
from control_plane.registry import history
from control_plane.registry.service import get_version
from control_plane.releases import drafts, service
from control_plane.releases.binding import members_of
from control_plane.releases.content import Draft, release_content
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import STARTED, State, Verb
from control_plane.releases.movement import version_at
from control_plane.releases.order import Order
from control_plane.releases.queries import list_releases, open_release
from control_plane.releases.routes import desired_routes
from control_plane.storage.address import Address
from tests.control_plane.releases.conftest import Desk, tag
from tests.databases import Databases

MODEL = "fraud"
EDITORS = ("ada", "cy", "dee", "eve")
FORWARD = (Verb.SCHEDULE, Verb.START, Verb.RAMP, Verb.RESUME, Verb.PROMOTE)
WEIGHTED = (Verb.RAMP, Verb.LOWER, Verb.RESUME)
MEMBERS = ("candidate", "shadow", "plan", "condition", "stable", "kind")
people = st.sampled_from(("ada", "ben", "cy", "dee", "eve"))
versions = st.integers(1, 4).map(tag)
weights = st.none() | st.sampled_from([0.0, 0.05, 0.5])
gated = {"weight": 0.1, "manual_gate": True}
sampled = {"weight": 0.1, "minimum_sample": 5}
plans = st.sampled_from([[0.1], [0.1, 0.5], [gated, 0.5], [sampled, 0.5]])
roles = st.sampled_from([["approver"], ["release_manager"], ["viewer"]])


@dataclass
class Known:
    """What the machine knows of one release, apart from the database."""

    contributors: set[str] = field(default_factory=set)
    approvals: dict[str, Any] = field(default_factory=dict)
    """Person → the content they read, of the whole group if it is in one."""
    gate: tuple[int, str] | None = None
    """Step, and who opened its gate."""


def read_content(row) -> Any:
    content = release_content(row)
    return {name: content[name] for name in MEMBERS}


class Interlocking(RuleBasedStateMachine):
    """One model, five persons whose roles change, editors who act on what they read earlier."""

    prepared: Address
    databases: Databases

    def __init__(self):
        super().__init__()
        self.desk = Desk(self.databases.copy(self.prepared))
        self.known: dict[str, Known] = defaultdict(Known)
        self.roles = {name: self.desk.person(name).permissions for name in (*EDITORS, "ben")}
        self.promoted: set[str] = set()
        self.frozen = self.eve_is_disabled = False
        self.remembered: dict[str, tuple[str, int, Any]] = {}
        self.exempt: dict[str, dict[str, Any]] = defaultdict(dict)
        """Release → who let it through the present freeze → the content they read."""
        self.hands: list[tuple[str, str]] = []
        """Who gave whom a key, in order."""
        self.killers: list[str] = []

    def teardown(self):
        assert self.desk.read(verify).ok
        assert self.desk.read(lambda session: list(stale_approvals(session, Period()))) == []
        self.desk.close()
        self.databases.discard(self.desk.database.address)

    def do(self, change, *arguments):
        """Run a change; None when it is refused, and then nothing may have happened."""
        try:
            return self.desk.write(change, *arguments)
        except (ControlPlaneError, ContractError):
            return None

    def newest(self, model=MODEL):
        return next(row for row in self.desk.read(list_releases) if row.model == model)

    def mates(self, release):
        """The members of its group, itself among them."""
        if release.group_id is None:
            return [release]
        return self.desk.read(members_of, release.group_id)

    def bound(self, release):
        """What an approval of it is of."""
        return {mate.id: read_content(mate) for mate in self.mates(release)}

    def reaches(self, giver):
        """Whom they could act as, by the keys they gave, and those gave then."""
        found = {giver}
        for each, taker in self.hands:
            found |= {taker} if each in found else set()
        return found

    def independent(self, judge, others):
        return not any(o in self.reaches(judge) or judge in self.reaches(o) for o in others)

    def route(self):
        found = [route for route in self.desk.read(desired_routes) if route.model == MODEL]
        return found[0] if found else None

    def may(self, name, permission):
        return permission in self.roles[name]

    def living(self, release):
        """Persons whose approval of this very content counts, by the machine's own books."""
        known = self.known[release.id]
        return {
            person
            for person, content in known.approvals.items()
            if content == self.bound(release)
            and person not in known.contributors
            and self.may(person, Permission.RELEASES_APPROVE)
        }

    def is_frozen(self, release):
        """Unless somebody who still may let this very content through. Freezes here are of one
        model: whoever moves with it waits for it, and goes when it is let through."""
        contributors = self.known[release.id].contributors
        return (
            release.model == MODEL
            and self.frozen
            and not any(
                content == self.bound(release)
                and person not in contributors
                and self.may(person, Permission.RELEASES_APPROVE)
                for person, content in self.exempt[release.id].items()
            )
        )

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

    def shaped(self, editor, release):
        """What they did to one member they did to all that are not given up."""
        for mate in self.mates(release):
            if mate.id == release.id or State(mate.state) is not State.ABORTED:
                self.known[mate.id].contributors.add(editor)
                self.known[mate.id].approvals.clear()
                self.exempt[mate.id].clear()

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

    def note(self, who, verb, target, row):
        known = self.known[row.id]
        if verb is Verb.SUBMIT:
            known.contributors.add(who)
        if verb is Verb.REFUSE:
            known.approvals.clear()
        if verb is Verb.OPEN_GATE:
            assert who not in known.contributors
            assert self.independent(who, known.contributors)
            known.gate = (row.step, who)
        if verb is Verb.APPROVE:
            assert who not in known.contributors
            assert self.independent(who, known.contributors)
            assert self.may(who, Permission.RELEASES_APPROVE)
            known.approvals[who] = self.bound(target)
        if row.state == State.PROMOTED:
            self.promoted.add(row.candidate)

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
