"""Whatever persons ask for, in any order: the interlocking holds."""

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bentos.contract.errors import ContractError
from bentos.contract.manifest import Manifest
from bentos.contract.register import Actor, ActorType
from bentos.contract.route import BUCKETS
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.audit.verifier import verify
from control_plane.db import Database
from control_plane.errors import ControlPlaneError, PolicyError
from control_plane.people.service import create_person
from control_plane.principal import Principal, Role, permissions_of, system
from control_plane.registry import history
from control_plane.registry.service import get_version, register_version
from control_plane.releases import kills, service
from control_plane.releases.content import Draft
from control_plane.releases.lifecycle import STARTED, State, Verb
from control_plane.releases.models import KillRow, ReleaseRow
from control_plane.releases.queries import list_releases, open_release
from control_plane.releases.retirement import retire_unused
from control_plane.releases.service import Order
from control_plane.storage.address import Address
from tests.databases import Databases

MODEL = "fraud"
PEOPLE = ("ada", "ben", "cy")
ROLES = [role.value for role in Role if role is not Role.SERVICE]
VERSIONS = range(1, 6)
FORWARD = (Verb.SCHEDULE, Verb.START, Verb.RAMP, Verb.RESUME, Verb.PROMOTE)
WEIGHTED = (Verb.RAMP, Verb.LOWER, Verb.RESUME)
LOWERING = (Verb.RAMP, Verb.LOWER)
verbs = st.sampled_from([verb for verb in Verb if verb is not Verb.EDIT])
people = st.sampled_from(PEOPLE)
versions = st.sampled_from(VERSIONS).map(lambda n: f"{MODEL}:20261122-{n:08x}")


def person(name):
    """All roles at once: only the four-eyes rule is left to stop anybody."""
    actor = Actor(type=ActorType.PERSON, id=name, auth_method="api_key", key_id="0" * 12)
    return Principal(actor=actor, permissions=permissions_of(ROLES))


@pytest.fixture(scope="module")
def prepared(databases, manifest):
    address = databases.migrated()
    database = Database(address)
    with database.write() as session:
        for name in PEOPLE:
            create_person(session, system("test"), name, name, ROLES)
        for number in VERSIONS:
            body = msgspec.convert(manifest(MODEL, number), Manifest)
            register_version(session, system("test"), body)
    database.dispose()
    return address


class Interlocking(RuleBasedStateMachine):
    """``contributors`` and ``approvers`` are kept here, apart from the database's own."""

    prepared: Address
    databases: Databases

    def __init__(self):
        super().__init__()
        self.database = Database(self.databases.copy(self.prepared))
        self.contributors: dict[str, set[str]] = {}
        self.approvers: dict[str, set[str]] = {}
        self.promoted: set[str] = set()
        self.unapproved: set[str] = set()

    def teardown(self):
        self.database.dispose()
        self.databases.discard(self.database.address)

    def do(self, change):
        """Run a change; None when it is refused, and then nothing may have happened."""
        try:
            with self.database.write() as session:
                return change(session)
        except (ControlPlaneError, ContractError):
            return None

    def newest(self):
        with self.database.read() as session:
            found = list_releases(session)
            return found[0] if found else None

    @initialize(author=people)
    def first_version(self, author):
        self.create(author, f"{MODEL}:20261122-{1:08x}", False)
        for verb in (Verb.SUBMIT, Verb.APPROVE, Verb.START):
            who = next(p for p in PEOPLE if (p == author) != (verb is Verb.APPROVE))
            self.tell(who, verb)
        assert self.newest().state == State.PROMOTED

    @rule(author=people, candidate=versions, shadow=st.booleans())
    def create(self, author, candidate, shadow):
        with self.database.read() as session:
            kind = "standard" if history.stable_of(session, MODEL) else "bootstrap"
        draft = Draft(
            model=MODEL, candidate=candidate, kind=kind, shadow=shadow, steps=[0.1], reason="x"
        )
        row = self.do(lambda s: service.create_release(s, person(author), draft))
        if row is not None:
            self.contributors[row.id], self.approvers[row.id] = {author}, set()

    @rule(editor=people, weight=st.sampled_from([0.1, 0.2]))
    def edit(self, editor, weight):
        target = self.newest()
        changes = {"steps": [weight]}
        read = target.revision
        row = self.do(lambda s: service.edit_release(s, person(editor), target.id, changes, read))
        if row is not None:
            self.contributors[row.id].add(editor)
            self.approvers[row.id].clear()

    @rule(who=people, verb=verbs, weight=st.none() | st.sampled_from([0.0, 0.05, 0.5]))
    def tell(self, who, verb, weight=None):
        target = self.newest()
        weight = weight if verb in WEIGHTED else None
        order = Order(
            reason="x",
            starts_at="2030-01-01T00:00:00Z",
            weight=weight,
            expected_revision=target.revision,
        )
        row = self.do(lambda s: service.act(s, person(who), target.id, verb, order))
        if row is None:
            return
        assert verb is not Verb.HALT
        if verb is Verb.SUBMIT:
            self.contributors[row.id].add(who)
        if verb is Verb.REFUSE:
            self.approvers[row.id].clear()
        if verb is Verb.APPROVE:
            assert who not in self.contributors[row.id]
            self.approvers[row.id].add(who)
        if verb in FORWARD and row.buckets >= target.buckets:
            assert self.approvers[row.id] - self.contributors[row.id]
            assert row.id not in self.unapproved
        if row.buckets > target.buckets:
            assert verb in FORWARD
        if row.state == State.PROMOTED:
            self.promoted.add(row.candidate)

    @rule()
    def the_approval_of_what_carries_traffic_is_lost(self):
        target = self.newest()
        if State(target.state) in STARTED:
            self.do(lambda s: approvals.withdraw_all(s, target.id))
            self.unapproved.add(target.id)

    @rule(who=people, weight=st.sampled_from([0.0, 0.05]), verb=st.sampled_from(LOWERING))
    def a_smaller_weight_works_whatever_was_approved(self, who, weight, verb):
        target = self.newest()
        present = target.buckets / BUCKETS
        if State(target.state) not in (State.CANARY, State.PAUSED) or weight >= present:
            return
        order = Order(reason="x", weight=weight)
        row = self.do(lambda s: service.act(s, person(who), target.id, verb, order))
        assert (row.state, row.buckets) == (target.state, weight * BUCKETS)
        assert row.step == target.step + 1

    @rule(who=people)
    def rollback_of_what_carries_traffic_works(self, who):
        target = self.newest()
        if State(target.state) not in STARTED:
            return
        order = Order(reason="x")
        row = self.do(lambda s: service.act(s, person(who), target.id, Verb.ROLLBACK, order))
        assert row.state == State.ROLLED_BACK

    @rule(who=people)
    def rollback_of_the_stable_version_works_while_there_is_an_earlier_one(self, who):
        with self.database.read() as session:
            newest = history.standing(session, MODEL)[0]
            earlier = history.previous_of(session, MODEL)
        order = Order(reason="x")
        row = self.do(lambda s: service.act(s, person(who), newest.release, Verb.ROLLBACK, order))
        assert (row is None) == (earlier is None)
        with self.database.read() as session:
            expected = earlier or newest.version
            assert history.stable_of(session, MODEL) == expected

    @rule(who=people, version=versions)
    def retire(self, who, version):
        self.do(lambda s: retire_unused(s, person(who), version, "x"))

    @rule(who=people, version=versions)
    def kill(self, who, version):
        row = self.do(lambda s: kills.set_kill(s, person(who), MODEL, version, "x", None))
        if row is not None:
            assert version in self.promoted
            with self.database.read() as session:
                assert get_version(session, version).state == "registered"
                release = open_release(session, MODEL)
            if release is not None and State(release.state) in STARTED:
                assert (release.state, release.buckets) == (State.PAUSED, 0)

    @rule(who=people)
    def unkill(self, who):
        self.do(lambda s: kills.clear_kill(s, person(who), MODEL, "x"))

    @invariant()
    def what_serves_was_promoted_and_is_not_retired(self):
        with self.database.read() as session:
            stable = history.stable_of(session, MODEL)
            if stable is not None:
                assert stable in self.promoted
                assert get_version(session, stable).state == "registered"

    @invariant()
    def what_carries_traffic_was_approved_by_somebody_else(self):
        with self.database.read() as session:
            for row in list_releases(session):
                if State(row.state) in STARTED | {State.PROMOTED}:
                    assert self.approvers[row.id] - self.contributors[row.id]

    @invariant()
    def the_register_verifies(self):
        with self.database.read() as session:
            assert verify(session).ok


def test_the_interlocking_holds(prepared, databases):
    machine = type("Prepared", (Interlocking,), {"prepared": prepared, "databases": databases})
    limits = settings(
        max_examples=25,
        stateful_step_count=25,
        # Shrinking a failure would take minutes; its steps are printed and few anyway.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=limits)


def test_content_that_was_changed_behind_the_api_is_not_started(prepared, databases):
    database = Database(databases.copy(prepared))
    with database.write() as session:
        draft = Draft(model=MODEL, candidate=f"{MODEL}:20261122-{1:08x}", kind="bootstrap")
        row = service.create_release(session, person("ada"), draft)
        service.act(session, person("ada"), row.id, Verb.SUBMIT, Order(reason="x"))
        order = Order(reason="x", expected_revision=row.revision)
        service.act(session, person("ben"), row.id, Verb.APPROVE, order)
    with database.write() as session:
        tampered = session.get(ReleaseRow, row.id)
        tampered.candidate = f"{MODEL}:20261122-{2:08x}"
        session.add(tampered)
    with database.write() as session, pytest.raises(PolicyError, match="content digest"):
        service.act(session, person("cy"), row.id, Verb.START, Order(reason="x"))
    database.dispose()


def withdraw(session, release):
    approvals.withdraw_all(session, release)


def tamper(session, release):
    row = session.get(ReleaseRow, release)
    row.content_digest = "0" * 64
    session.add(row)


def kill(session, release):
    """A kill that did not halt the release, as a restored backup may hold one."""
    version = f"{MODEL}:20261122-{1:08x}"
    moment = clock.now()
    session.add(
        KillRow(id="k", model=MODEL, version=version, reason="x", set_at=moment, set_by="ada")
    )


@pytest.mark.parametrize("change", [withdraw, tamper, kill])
def test_a_canary_is_lowered_whatever_stands_against_raising_it(prepared, databases, change):
    database = Database(databases.copy(prepared))

    def release(number, kind):
        with database.write() as session:
            candidate = f"{MODEL}:20261122-{number:08x}"
            draft = Draft(model=MODEL, candidate=candidate, kind=kind, shadow=False, steps=[0.5])
            row = service.create_release(session, person("ada"), draft)
            for who, verb in [("ada", "submit"), ("ben", "approve"), ("ada", "start")]:
                order = Order(reason="x", expected_revision=row.revision)
                service.act(session, person(who), row.id, Verb(verb), order)
            return row.id

    release(1, "bootstrap")
    canary = release(2, "standard")

    def ramp(weight):
        with database.write() as session:
            order = Order(reason="x", weight=weight)
            return service.act(session, person("cy"), canary, Verb.RAMP, order)

    with database.write() as session:
        change(session, canary)
    with pytest.raises(PolicyError):
        ramp(0.6)
    row = ramp(0.25)
    assert (row.state, row.buckets, row.step) == (State.CANARY, 2500, 2)
    assert ramp(0).buckets == 0
    with pytest.raises(PolicyError):
        ramp(0.5)
    database.dispose()
