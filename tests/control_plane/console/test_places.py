"""Places one may go to: each leads to a page, and no page is named twice."""

from control_plane.console.places import PLACES, open_to
from control_plane.principal import ROLES, Permission, Role


def rooms_of(role):
    return [room.name for place in PLACES for room in open_to(place, ROLES[role])]


def test_no_two_rooms_share_a_name_or_a_path():
    rooms = [room for place in PLACES for room in place.rooms]
    assert len({room.path for room in rooms}) == len({room.name for room in rooms}) == len(rooms)


def test_who_may_only_read_enters_what_serves_and_nothing_about_people():
    rooms = ["Now", "Groups", "Freezes", "Kill reviews", "Following", "Models", "Attributes"]
    assert rooms_of(Role.VIEWER) == rooms


def test_compliance_erases_and_does_not_make_keys():
    rooms = rooms_of(Role.COMPLIANCE)
    assert {"Register", "Export", "Law requests", "Erasure", "Retention"} <= set(rooms)
    assert not {"People", "API keys", "Callers"} & set(rooms)


def test_nobody_without_a_permission_is_shown_a_place():
    assert all(open_to(place, frozenset[Permission]()) == () for place in PLACES)
