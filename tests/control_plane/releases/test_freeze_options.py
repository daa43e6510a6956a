"""What is offered of a freeze is what ``freezes`` takes, for everybody and every window."""

from dataclasses import replace

import pytest

from control_plane import clock
from control_plane.errors import ForbiddenError, PolicyError
from control_plane.people.keys import issue_person_key
from control_plane.releases import freezes
from control_plane.releases.freeze_options import FreezeOptions, freeze_options
from control_plane.releases.freezes import Window

PEOPLE = ("ada", "ben", "cy", "eve", "fay", "gus")


def window(desk, who, **more):
    plan = Window(ends_at=clock.later(7200), reason="Black Friday", **more)
    return desk.write(freezes.create_freeze, desk.person(who), plan)


def takes(desk, function, who, *arguments):
    """Whether the service does it; undone afterwards."""
    try:
        with desk.database.write() as session:
            function(session, desk.person(who), *arguments)
            session.rollback()
    except (ForbiddenError, PolicyError):
        return False
    return True


def offered(desk, who, freeze):
    return desk.read(freeze_options, desk.person(who), freeze)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("maker", ["ada", "cy"])
@pytest.mark.parametrize("starts_in_s", [None, 3600])
def test_offers_are_taken_and_what_is_not_offered_is_refused(desk, who, maker, starts_in_s):
    release = desk.approved(2)
    starts_at = None if starts_in_s is None else clock.later(starts_in_s)
    freeze = window(desk, maker, starts_at=starts_at)
    found = offered(desk, who, freeze)
    assert found.cancel == takes(desk, freezes.cancel_freeze, who, freeze.id, "x")
    assert found.end == takes(desk, freezes.end_freeze, who, freeze.id, "x")
    exempts = takes(desk, freezes.exempt, who, freeze.id, release, "x")
    assert [row.id for row in found.exempts] == [release.id] * exempts


@pytest.mark.parametrize("giver", ["ada", "ben", "cy"])
@pytest.mark.parametrize("who", ["dee", "eve"])
def test_who_depends_on_its_maker_or_an_approver_is_offered_what_they_may(desk, giver, who):
    """cy makes the window, ben approves what ada wrote; one of them gives somebody a key."""
    desk.write(issue_person_key, principal_with_all(desk, giver), who)
    release = desk.approved(2)
    freeze = window(desk, "cy")
    found = offered(desk, who, freeze)
    assert found.end == takes(desk, freezes.end_freeze, who, freeze.id, "x") == (giver != "cy")
    exempts = takes(desk, freezes.exempt, who, freeze.id, release, "x")
    assert [row.id for row in found.exempts] == [release.id] * exempts
    assert not exempts


def principal_with_all(desk, name):
    return replace(desk.person(name), permissions=desk.person("cy").permissions)


def test_of_a_window_that_is_over_nothing_is_offered(desk):
    freeze = window(desk, "ada")
    desk.write(freezes.end_freeze, desk.person("ben"), freeze.id, "x")
    over = desk.read(freezes.get_freeze, freeze.id)
    assert offered(desk, "cy", over) == FreezeOptions()


def test_releases_of_other_models_need_no_exemption(desk):
    desk.approved(2)
    freeze = window(desk, "ada", models=["pricing"])
    assert offered(desk, "dee", freeze).exempts == ()
