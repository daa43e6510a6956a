from control_plane.audit.models import EventRow
from control_plane.people.access_review import roles_since


def event(at, roles, by="ada", outcome="allowed"):
    diff = {} if roles is None else {"roles": [None, roles]}
    return EventRow(at=at, actor_id=by, diff=diff, outcome=outcome)


def test_a_role_is_held_since_it_was_last_given():
    events = [
        event("1", ["viewer", "approver"]),
        event("2", None, by="eve"),
        event("3", ["viewer"]),
        event("4", ["approver", "viewer"], by="ben"),
        event("5", ["admin"], by="eve", outcome="denied"),
    ]
    assert roles_since(events) == {
        "approver": {"at": "4", "by": "ben"},
        "viewer": {"at": "1", "by": "ada"},
    }


def test_nothing_is_held_without_an_event():
    assert roles_since([]) == {}
