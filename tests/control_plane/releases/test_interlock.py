"""Every way around an approval that we could think of, and that it is closed."""

import pytest
from sqlalchemy import text

from bentos.contract.register import Actor, ActorType
from control_plane import clock
from control_plane.app import ROUTERS
from control_plane.errors import ForbiddenError, PolicyError, StaleError
from control_plane.people.access import disable_person
from control_plane.principal import Permission, Principal
from control_plane.registry import history
from control_plane.releases import kills, service
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import IllegalTransitionError, State, Verb
from control_plane.releases.order import Order
from control_plane.releases.retirement import retire_unused
from control_plane.releases.schedule import start_due
from tests.control_plane.releases.conftest import tag

UNAPPROVED = "nobody but its contributors has approved"


def sql(desk, statement):
    """Somebody with the database in hand."""
    with desk.database.write() as session:
        session.execute(text(statement))


def refused(desk, release, verb="start", match=UNAPPROVED):
    before = desk.release(release.id).model_dump()
    with pytest.raises(PolicyError, match=match):
        desk.tell("ada", release, verb)
    assert desk.release(release.id).model_dump() == before


def test_a_first_version_needs_an_approval_like_any_other(new_desk):
    release = new_desk.draft(1, kind="bootstrap")
    for verb in ("start", "promote", "ramp"):
        with pytest.raises(IllegalTransitionError):
            new_desk.tell("ada", release, verb)
    new_desk.tell("ada", release, "submit")
    with pytest.raises(IllegalTransitionError):
        new_desk.tell("ada", release, "start")


def test_a_model_that_serves_is_not_bootstrapped_again(desk):
    with pytest.raises(PolicyError, match="has a stable version already"):
        desk.draft(2, kind="bootstrap")


def test_what_was_rolled_back_is_promoted_only_by_a_new_release_with_a_new_approval(desk):
    release = desk.started(2)
    desk.tell("ada", release, "promote")
    desk.tell("ada", release, "rollback")
    for verb in ("promote", "start", "resume", "ramp"):
        with pytest.raises(IllegalTransitionError):
            desk.tell("ada", release, verb)
    again = desk.draft(2, shadow=False)
    assert desk.release(again.id).content_digest == release.content_digest
    with pytest.raises(IllegalTransitionError):
        desk.tell("ada", again, "start")


def test_an_edit_between_reading_and_approving_is_noticed(desk):
    release = desk.draft(2)
    read = desk.tell("ada", release, "submit")
    desk.edit("ada", read, steps=[1.0])
    desk.tell("ada", release, "submit")
    with pytest.raises(StaleError) as caught:
        desk.tell("ben", release, "approve", expected_revision=read.revision)
    assert caught.value.members["conflict"]["differences"]["steps"] == [[0.05, 0.25], [1.0]]


@pytest.mark.parametrize("verb", ["start", "ramp", "promote", "resume"])
@pytest.mark.parametrize("how", ["disabled", "role lost"])
def test_an_approval_ends_with_the_approver(desk, verb, how):
    release = desk.approved(2, shadow=False)
    if verb != "start":
        desk.tell("ada", release, "start")
    if verb == "resume":
        desk.tell("ada", release, "pause")
    if how == "disabled":
        desk.write(disable_person, desk.person("gus"), "ben")
    else:
        desk.change_roles("ben", ["release_manager"])
    refused(desk, release, verb)
    if verb != "start":
        assert desk.tell("ada", release, "rollback").state == State.ROLLED_BACK


def test_an_author_who_is_made_an_approver_approves_nothing_of_their_own(desk):
    release = desk.draft(2)
    desk.tell("ada", release, "submit")
    desk.change_roles("ada", ["approver", "release_manager"])
    with pytest.raises(ForbiddenError, match="ada wrote, edited or submitted"):
        desk.tell("ada", release, "approve")


def test_an_approver_who_edits_has_approved_nothing(desk):
    release = desk.draft(2)
    desk.tell("ada", release, "submit")
    approved = desk.tell("eve", release, "approve")
    edited = desk.edit("eve", approved, ticket="T-1")
    # The content is the very same, and eve has a hand in it now.
    assert edited.content_digest == approved.content_digest
    desk.tell("ada", release, "submit")
    with pytest.raises(ForbiddenError):
        desk.tell("eve", release, "approve")


@pytest.mark.parametrize("verb", [Verb.SUBMIT, Verb.APPROVE, Verb.REFUSE, Verb.OPEN_GATE])
def test_a_service_judges_nothing_whatever_it_may_do(desk, verb):
    release = desk.draft(2)
    actor = Actor(type=ActorType.SERVICE, id="trainer", auth_method="api_key", key_id="0" * 12)
    service_key = Principal(actor=actor, permissions=frozenset(Permission))
    with pytest.raises(ForbiddenError, match="only a person"):
        desk.write(service.act, service_key, release.id, verb, Order(reason="x"))


@pytest.mark.parametrize("state", ["retired", "rejected"])
def test_a_candidate_that_fell_away_is_not_started(desk, state):
    release = desk.approved(2, shadow=False)
    with pytest.raises(PolicyError, match="candidate of open release"):
        desk.write(retire_unused, desk.person("ada"), release.candidate, "x")
    sql(desk, f"UPDATE version SET state = '{state}' WHERE version = '{release.candidate}'")
    refused(desk, release, match=f"is {state} and cannot be released")


def test_a_candidate_that_was_tampered_with_goes_nowhere(desk):
    release = desk.started(2)
    sql(desk, f"UPDATE version SET bento_digest = 'x' WHERE version = '{release.candidate}'")
    for verb in ("ramp", "promote"):
        refused(desk, release, verb, match="differs from its manifest")
    assert desk.tell("ada", release, "rollback").state == State.ROLLED_BACK
    with pytest.raises(PolicyError, match="differs from its manifest"):
        desk.draft(2)


def test_nothing_goes_back_onto_a_version_that_was_tampered_with(desk):
    second = desk.started(2)
    desk.tell("ada", second, "promote")
    third = desk.started(3)
    desk.tell("ada", third, "promote")
    sql(desk, f"UPDATE version SET bento_digest = 'x' WHERE version = '{tag(2)}'")
    with pytest.raises(PolicyError, match="differs from its manifest"):
        desk.write(kills.set_kill, desk.person("ada"), "fraud", tag(2), "bad", None)
    desk.tell("ada", third, "rollback")
    assert desk.read(history.stable_of, "fraud") == tag(1)


@pytest.mark.parametrize("version", [tag(2), tag(3), tag(1, "pricing"), "fraud:20200101-00000000"])
def test_a_kill_is_no_promotion(desk, version):
    desk.bootstrap(1, model="pricing")
    desk.started(2)
    with pytest.raises(PolicyError):
        desk.write(kills.set_kill, desk.person("ada"), "fraud", version, "now", None)
    assert desk.read(history.stable_of, "fraud") == tag(1)


def test_a_scheduled_start_whose_approval_went_away_is_aborted(desk):
    release = desk.approved(2)
    desk.tell("ada", release, "schedule", starts_at=clock.later(-1))
    desk.change_roles("ben", ["viewer"])
    desk.write(start_due)
    assert desk.release(release.id).state == State.ABORTED
    assert UNAPPROVED in desk.events(f"release:{release.id}")[-1].reason


def test_a_refused_release_does_not_start_at_its_time(desk):
    release = desk.approved(2)
    desk.tell("ada", release, "schedule", starts_at=clock.later(-1))
    desk.tell("ben", release, "refuse")
    desk.write(start_due)
    assert desk.release(release.id).state == State.DRAFT


@pytest.mark.parametrize(
    "change",
    [
        f"candidate = '{tag(3)}'",
        "steps = '[9999]'",
        'condition = \'{"country": "CH"}\'',
        "shadow = true",
        "stable = NULL",
    ],
)
def test_content_that_was_changed_behind_the_api_is_not_started(desk, change):
    release = desk.approved(2, shadow=False)
    sql(desk, f"UPDATE release SET {change} WHERE id = '{release.id}'")
    refused(desk, release, match="does not match its content digest")


def test_content_that_was_changed_with_its_digest_has_no_approval(desk):
    release = desk.approved(2, shadow=False)
    other = desk.draft(1, model="pricing", kind="bootstrap")
    sql(desk, f"UPDATE release SET content_digest = 'x' WHERE id = '{release.id}'")
    refused(desk, release)
    assert other.state == State.DRAFT


def test_a_release_stands_on_the_version_it_was_approved_on(desk):
    release = desk.approved(2, shadow=False)
    with desk.database.write() as session:
        history.promote(session, "fraud", tag(3), release.id)
    refused(desk, release, match=f"approved on top of {tag(1)}, and {tag(3)} is stable now")


def test_no_document_is_published_by_hand():
    writing = [
        (route.path, sorted(route.methods))
        for router in ROUTERS
        for route in router.routes
        if "document" in route.path and set(route.methods) - {"GET", "HEAD"}
    ]
    assert writing == []


def gated(desk):
    step = {"weight": 0.05, "hold_s": 3600, "minimum_sample": 10, "manual_gate": True}
    return desk.started(2, steps=[step, 0.25])


def test_a_step_is_left_once_everything_was_met(desk, monkeypatch):
    release = gated(desk)
    later = clock.later(3601)
    with pytest.raises(ForbiddenError):
        desk.tell("ada", release, "open_gate")
    opened = desk.tell("ben", release, "open_gate")
    assert (opened.gate_opened_by, opened.state) == ("ben", State.CANARY)
    with pytest.raises(PolicyError, match=r"0 s have passed; .*no data to count"):
        desk.tell("ada", release, "ramp")
    monkeypatch.setattr(clock, "now", lambda: later)
    for seen in (
        None,
        Seen(release=release.id, step=1, subjects=9),
        Seen(release=release.id, step=2, subjects=10),
        Seen(release="x", step=1, subjects=10),
    ):
        with pytest.raises(PolicyError, match="subjects on the candidate"):
            desk.tell("ada", release, "ramp", seen)
    enough = Seen(release=release.id, step=1, subjects=10)
    ramped = desk.tell("ada", release, "ramp", enough)
    assert (ramped.buckets, ramped.step, ramped.gate_opened_by) == (2500, 2, None)


def test_a_gate_closes_with_the_role_of_who_opened_it_and_with_the_step(desk):
    gate = {"weight": 0.05, "manual_gate": True}
    release = desk.started(2, steps=[gate, {"weight": 0.1, "manual_gate": True}])
    with pytest.raises(PolicyError, match="gate of the step at 5 % was not opened"):
        desk.tell("ada", release, "ramp")
    desk.tell("eve", release, "open_gate")
    desk.change_roles("eve", ["viewer"])
    with pytest.raises(PolicyError, match="was not opened"):
        desk.tell("ada", release, "ramp")
    desk.tell("ben", release, "open_gate")
    desk.tell("ada", release, "ramp")
    with pytest.raises(PolicyError, match="gate of the step at 10 % was not opened"):
        desk.tell("ada", release, "promote")
    desk.tell("ada", release, "lower", weight=0.01)
    with pytest.raises(PolicyError, match=r"no gate at 0\.01"):
        desk.tell("ben", release, "open_gate")


def test_going_back_asks_nothing_and_the_way_up_is_gone_again(desk):
    release = gated(desk)
    assert desk.tell("ada", release, "ramp", weight=0.01).buckets == 100
    with pytest.raises(PolicyError, match="step 1 of the plan"):
        desk.tell("ada", release, "promote")
    with pytest.raises(PolicyError, match="step 1 of the plan"):
        desk.tell("ada", release, "ramp", weight=0.25)
    assert desk.tell("ada", release, "ramp").buckets == 500
    desk.tell("ada", release, "pause")
    with pytest.raises(PolicyError, match="holds for 3600 s"):
        desk.tell("ada", release, "resume", weight=0.25)


def test_a_clock_set_back_holds_a_step_and_starts_nothing_early(desk, monkeypatch):
    release = gated(desk)
    desk.tell("ben", release, "open_gate")
    scheduled = desk.approved(1, model="pricing", kind="bootstrap")
    desk.tell("ada", scheduled, "schedule", starts_at=clock.later(60))
    monkeypatch.setattr(clock, "now", lambda: "2020-01-01T00:00:00.000000Z")
    with pytest.raises(PolicyError, match="0 s have passed"):
        desk.tell("ada", release, "ramp", Seen(release=release.id, step=1, subjects=99))
    desk.write(start_due)
    assert desk.release(scheduled.id).state == State.SCHEDULED


def test_steps_belong_to_what_is_approved(desk):
    release = desk.approved(2, shadow=False, steps=[{"weight": 0.05, "hold_s": 60}])
    digest = release.content_digest
    edited = desk.edit("ada", release, steps=[0.05])
    assert (edited.state, edited.content_digest == digest) == (State.DRAFT, False)


def test_a_plan_of_weights_has_the_digest_it_always_had(desk):
    # Computed by the release before steps could ask for more.
    release = desk.draft(2)
    assert desk.release(release.id).steps == [500, 2500]
    assert release.content_digest == (
        "e91ce89c6586926613ce2a9c2f685433d4f84742047282bfac93e45e26b8230f"
    )


def withdraw(desk, release):
    sql(desk, f"UPDATE approval SET withdrawn_at = 'x' WHERE release = '{release.id}'")


def tamper(desk, release):
    sql(desk, f"UPDATE release SET content_digest = 'x' WHERE id = '{release.id}'")


def kill(desk, _):
    """A kill that did not halt the release, as a restored backup may hold one."""
    sql(
        desk,
        "INSERT INTO kill (id, model, version, reason, set_at, set_by) "
        f"VALUES ('k', 'fraud', '{tag(1)}', 'x', '2026', 'ada')",
    )


@pytest.mark.parametrize("change", [withdraw, tamper, kill])
def test_a_canary_is_lowered_whatever_stands_against_raising_it(desk, change):
    release = desk.started(2, steps=[0.5])
    change(desk, release)
    with pytest.raises(PolicyError):
        desk.tell("ada", release, "ramp", weight=0.6)
    row = desk.tell("ada", release, "ramp", weight=0.25)
    assert (row.state, row.buckets, row.step) == (State.CANARY, 2500, 2)
    assert desk.tell("ada", release, "ramp", weight=0).buckets == 0
    with pytest.raises(PolicyError):
        desk.tell("ada", release, "ramp", weight=0.5)
