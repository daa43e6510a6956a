"""The stations of a release's way."""

import pytest

from control_plane.console.elements.line import stations

PLAN = {"shadow": True, "steps": [0.05, 0.25]}
ALL = ["Draft", "In review", "Approved", "Shadow", "5 %", "25 %", "Promoted"]


def way(state, weight=0.0, step=0, **more):
    found = stations({**PLAN, "state": state, "weight": weight, "step": step, **more})
    here = [each for each in found if "here" in each.place]
    return [each.name for each in found], here[0].name, here[0].place


@pytest.mark.parametrize(
    ("state", "weight", "step", "here"),
    [
        ("draft", 0, 0, "Draft"),
        ("in_review", 0, 0, "In review"),
        ("approved", 0, 0, "Approved"),
        ("shadow", 0, 0, "Shadow"),
        ("canary", 0.05, 1, "5 %"),
        ("canary", 0.25, 2, "25 %"),
        ("promoted", 1, 2, "Promoted"),
    ],
)
def test_a_release_stands_at_its_station(state, weight, step, here):
    names, found, place = way(state, weight, step)
    assert (names, found, place) == (ALL, here, "here")


def test_between_two_stations_the_share_itself_is_said():
    names, here, _ = way("canary", 0.13, 2)
    assert here == "13 %"
    assert names == [*ALL[:4], "13 %", *ALL[5:]]


def test_a_pause_and_a_schedule_say_so():
    assert way("paused", 0.05, 1)[1:] == ("Paused at 5 %", "here stopped")
    assert way("paused", 0.0, 0)[1:] == ("Paused at 0 %", "here stopped")
    assert way("scheduled")[1:] == ("Scheduled", "here")


@pytest.mark.parametrize(
    ("state", "word"), [("rolled_back", "Rolled back"), ("aborted", "Aborted")]
)
def test_a_release_that_was_ended_stops(state, word):
    names, here, place = way(state, 0, 1)
    assert (names[-1], here, place) == (word, word, "here stopped")


def test_what_the_plan_leaves_out_is_no_station():
    names, here, _ = way("promoted", 1, 0, shadow=False, steps=[])
    assert names == ["Draft", "In review", "Approved", "Promoted"]
    assert here == "Promoted"
