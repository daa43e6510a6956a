from collections import Counter

import pytest
from sqlmodel import select

from bentos.contract.errors import ContractError
from control_plane.audit.models import EventRow
from control_plane.errors import NotFoundError
from control_plane.releases.exposures import NoExposures
from control_plane.releases.lifecycle import Verb
from control_plane.releases.order import Order
from control_plane.releases.preview import gather, preview


class Counted:
    """Decisions of three subjects, one of them on the candidate."""

    def in_step(self, release, step, version):
        return 1

    def by_bucket(self, release, since):
        return {100: 1, 1000: 1, 9000: 1}


def look_ahead(desk, name, verb, *releases, exposures=None, **order):
    ids = [release.id for release in releases]
    evidence = gather(desk.database, exposures or NoExposures(), ids, Verb(verb))
    given = Order(reason="x", **order)
    return preview(desk.database, desk.person(name), ids, Verb(verb), given, evidence)


def everything(desk):
    with desk.database.read() as session:
        return len(session.exec(select(EventRow.seq)).all())


def test_it_shows_the_difference_and_who_moves_and_writes_nothing(desk):
    release = desk.started(2)
    before, events = desk.release(release.id).model_dump(), everything(desk)
    found = look_ahead(desk, "ada", "ramp", release, exposures=Counted())
    assert (found["allowed"], found["against"]) == (True, [])
    assert found["releases"][0]["weight"] == [0.05, 0.25]
    change = found["routes"]["model.fraud"]
    assert change["before"]["rules"][0]["ranges"] == [[0.05, 1], [0, 0.05]]
    assert change["after"]["rules"][0]["ranges"] == [[0.25, 1], [0, 0.25]]
    moves = found["who_moves"]["fraud"]
    assert (moves["basis"], moves["subjects"], moves["moving"]) == ("decisions", 3, 1)
    assert moves["moves"][0] | {"share": 0} == {
        "from": release.stable,
        "to": release.candidate,
        "subjects": 1,
        "share": 0,
    }
    assert desk.release(release.id).model_dump() == before
    assert everything(desk) == events
    # What was shown is what then happens.
    assert desk.tell("ada", release, "ramp").buckets == 2500


def test_a_step_is_looked_at_before_it_is_open(desk):
    release = desk.started(2, steps=[{"weight": 0.05, "hold_s": 60, "minimum_sample": 2}, 0.25])
    found = look_ahead(desk, "ada", "ramp", release, exposures=Counted())
    assert found["allowed"] is False
    assert any("holds for 60 s" in reason for reason in found["against"])
    assert any("1 are recorded" in reason for reason in found["against"])
    assert found["releases"][0]["weight"] == [0.05, 0.25]
    assert found["who_moves"]["fraud"]["moving"] == 1


def test_what_the_asker_may_not_do_is_said_and_shown_all_the_same(desk):
    release = desk.started(2)
    found = look_ahead(desk, "fay", "ramp", release)
    assert found["against"] == ["to ramp takes releases:forward"]
    assert found["who_moves"]["fraud"]["basis"] == "estimate"
    assert found["who_moves"]["fraud"]["share"] == pytest.approx(0.2)
    assert desk.release(release.id).buckets == 500


def test_a_verb_the_state_does_not_know_shows_nothing(desk):
    release = desk.draft(2)
    found = look_ahead(desk, "ada", "promote", release)
    assert found["against"] == [
        "cannot promote a release that is draft; possible: abort, edit, submit"
    ]
    assert (found["routes"], found["releases"], found["who_moves"]) == ({}, [], {})
    assert found["waiting_for"] == {"fraud": []}


def test_a_start_is_looked_at_before_it_was_approved(desk):
    release = desk.approved(2, shadow=False)
    desk.change_roles("ben", ["viewer"])
    found = look_ahead(desk, "ada", "start", release)
    assert found["against"] == ["nobody but its contributors has approved the present content"]
    assert found["releases"][0]["state"] == ["approved", "canary"]
    # No fleet runs the candidate yet, so the route itself would wait.
    assert found["waiting_for"] == {"fraud": ["fraud:20261122-00000001", release.candidate]}


def test_a_rollback_and_a_promotion_are_looked_at(desk):
    release = desk.started(2)
    back = look_ahead(desk, "ada", "rollback", release, exposures=Counted())
    assert Counter((m["from"], m["to"]) for m in back["who_moves"]["fraud"]["moves"]) == {
        (release.candidate, release.stable): 1
    }
    on = look_ahead(desk, "ada", "promote", release, exposures=Counted())
    assert on["who_moves"]["fraud"]["moving"] == 2
    assert "in no bucket" in on["who_moves"]["fraud"]["notes"][0]


def test_bad_input_is_refused(desk):
    release = desk.started(2)
    with pytest.raises(ContractError, match="weight"):
        look_ahead(desk, "ada", "ramp", release, weight=2)
    with pytest.raises(NotFoundError):
        preview(
            desk.database,
            desk.person("ada"),
            ["x"],
            Verb.RAMP,
            Order(reason="x"),
            gather(desk.database, NoExposures(), ["x"], Verb.RAMP),
        )
