import pytest

from bentos.contract.errors import ContractError
from control_plane import clock
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError
from control_plane.releases import freezes, kills
from control_plane.releases.freezes import Window, frozen_by, why_frozen
from control_plane.releases.lifecycle import State
from control_plane.releases.schedule import due, start_due


def freeze(desk, who="gus", **more):
    window = {"ends_at": clock.later(3600), "reason": "Black Friday", **more}
    return desk.write(freezes.create_freeze, desk.person(who), Window(**window))


@pytest.mark.parametrize("models", [None, ["fraud"]])
def test_nothing_goes_forward_inside_and_everything_goes_back(desk, models):
    release = desk.started(2)
    window = freeze(desk, models=models)
    for verb in ("ramp", "promote"):
        with pytest.raises(PolicyError, match=f"frozen until {window.ends_at} .Black Friday.") as e:
            desk.tell("ada", release, verb)
        assert window.id in e.value.detail
    assert desk.tell("ada", release, "ramp", weight=0.01).buckets == 100
    desk.tell("ada", release, "pause")
    with pytest.raises(PolicyError, match="frozen"):
        desk.tell("ada", release, "resume")
    desk.write(kills.set_kill, desk.person("ada"), "fraud", release.stable, "bad", None)
    assert desk.tell("ada", release, "rollback").state == State.ROLLED_BACK


def test_other_models_go_on(desk):
    freeze(desk, models=["fraud"])
    assert desk.bootstrap(1, model="pricing").state == State.PROMOTED


def test_an_approved_release_is_not_started_inside_but_may_be_written_and_judged(desk):
    freeze(desk)
    release = desk.approved(2)
    with pytest.raises(PolicyError, match="every model is frozen"):
        desk.tell("ada", release, "start")
    assert desk.tell("ada", release, "schedule", starts_at=clock.later(7200)).starts_at


def test_a_scheduled_start_waits_for_the_thaw(desk):
    release = desk.approved(2, shadow=False)
    desk.tell("ada", release, "schedule", starts_at=clock.later(-1))
    window = freeze(desk)
    assert desk.read(due) == []
    desk.write(start_due)
    assert desk.release(release.id).state == State.SCHEDULED
    desk.write(freezes.end_freeze, desk.person("ben"), window.id, "the storm is over")
    assert [row.id for row in desk.read(due)] == [release.id]
    desk.write(start_due)
    assert desk.release(release.id).state == State.CANARY


def test_a_window_ahead_is_called_off_and_one_in_force_is_not(desk):
    ahead = freeze(desk, starts_at=clock.later(60))
    in_force = freeze(desk)
    assert (
        desk.write(freezes.cancel_freeze, desk.person("ada"), ahead.id, "moved").ended_by == "ada"
    )
    with pytest.raises(PolicyError, match="in force"):
        desk.write(freezes.cancel_freeze, desk.person("ada"), in_force.id, "moved")
    assert [row.id for row in desk.read(freezes.list_freezes)] == [in_force.id]
    assert len(desk.read(freezes.list_freezes, past=True)) == 2


def test_a_window_in_force_is_ended_by_somebody_who_did_not_make_it(desk):
    window = freeze(desk, who="eve")
    with pytest.raises(ForbiddenError, match="did not make it"):
        desk.write(freezes.end_freeze, desk.person("eve"), window.id, "enough")
    desk.write(freezes.end_freeze, desk.person("ben"), window.id, "enough")
    with pytest.raises(PolicyError, match="over"):
        desk.write(freezes.end_freeze, desk.person("ben"), window.id, "enough")
    actions = [event.action for event in desk.events(f"freeze:{window.id}")]
    assert actions == ["freeze:create", "freeze:end"]


def exempt(desk, who, window, release):
    return desk.write(freezes.exempt, desk.person(who), window.id, desk.release(release.id), "hot")


def test_an_exemption_takes_one_more_pair_of_eyes(desk):
    release = desk.approved(2, shadow=False)
    window = freeze(desk, who="cy")
    for who, why in [
        ("ada", "releases:approve"),
        ("ben", "approved this"),
        ("cy", "made this freeze"),
    ]:
        with pytest.raises(ForbiddenError, match=why):
            exempt(desk, who, window, release)
    exempt(desk, "eve", window, release)
    assert desk.tell("ada", release, "start").state == State.CANARY
    assert desk.events(f"freeze:{window.id}")[-1].action == "freeze:exempt"


@pytest.mark.parametrize("edits", [([0.5],), ([0.5], [0.1])], ids=["edited", "and back"])
def test_an_exemption_is_of_the_content_that_was_read(desk, edits):
    release = desk.approved(2, shadow=False, steps=[0.1])
    window = freeze(desk)
    exempt(desk, "eve", window, release)
    for steps in edits:
        desk.edit("ada", desk.release(release.id), steps=steps)
    desk.tell("ada", release, "submit")
    desk.tell("ben", release, "approve")
    with pytest.raises(PolicyError, match="frozen"):
        desk.tell("ada", release, "start")


def test_an_exemption_ends_with_the_role_of_who_gave_it(desk):
    release = desk.approved(2, shadow=False)
    window = freeze(desk)
    exempt(desk, "eve", window, release)
    assert desk.read(why_frozen, release) == []
    desk.change_roles("eve", ["viewer"])
    assert desk.read(why_frozen, release) != []


def test_an_exemption_from_one_window_is_none_from_another(desk):
    release = desk.approved(2, shadow=False)
    first = freeze(desk)
    exempt(desk, "eve", first, release)
    second = freeze(desk, ends_at=clock.later(60))
    assert desk.read(frozen_by, release).id == second.id


def test_a_clock_set_back_does_not_lead_out_of_a_window(desk, monkeypatch):
    release = desk.started(2)
    before = clock.later(-366 * 86_400.0)
    freeze(desk)
    assert desk.read(why_frozen, release)
    monkeypatch.setattr(clock, "now", lambda: before)
    assert desk.read(why_frozen, release)
    with pytest.raises(PolicyError, match="frozen"):
        desk.tell("ada", release, "ramp")


def test_windows_are_made_by_those_who_may(desk):
    with pytest.raises(ForbiddenError, match="freezes"):
        freeze(desk, who="ben")
    window = freeze(desk)
    for who in ("ada", "fay"):
        with pytest.raises(ForbiddenError, match="releases:approve"):
            desk.write(freezes.end_freeze, desk.person(who), window.id, "x")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ends_at": "2020-01-01T00:00:00Z"}, ContractError),
        ({"ends_at": "tomorrow"}, ContractError),
        ({"starts_at": clock.later(7200)}, ContractError),
        ({"ends_at": "2999-01-01T00:00:00Z"}, ContractError),
        ({"models": []}, ContractError),
        ({"models": ["nothing"]}, NotFoundError),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(desk, change, error):
    with pytest.raises(error):
        freeze(desk, **change)
