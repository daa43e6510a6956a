import pytest

from control_plane import clock
from control_plane.db import Database
from control_plane.errors import UnauthorizedError
from control_plane.people import service, sessions
from control_plane.people.models import SessionRow
from control_plane.people.sessions import Lifetime
from control_plane.principal import Source, system

ACTOR = system("test")
HOUR = Lifetime(idle_s=3600, at_most_s=7200)


@pytest.fixture
def session(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        service.create_person(session, ACTOR, "ada", "Ada", ["viewer"])
        yield session
    database.dispose()


def begin(session, lifetime=HOUR):
    person = service.get_person(session, "ada")
    return sessions.begin(session, person, "password", lifetime, Source(ip="192.0.2.1"))


def row_of(session, signed_in):
    return session.get(SessionRow, signed_in.session_id)


def test_only_a_digest_is_kept(session):
    signed_in = begin(session)
    secret = signed_in.token.split("_", 2)[2]
    assert secret not in str(row_of(session, signed_in).model_dump())
    assert sessions.principal_of(session, signed_in.token).person == "ada"


@pytest.mark.parametrize("end", ["idle_until", "expires_at", "ended_at"])
def test_a_session_ends_idle_old_or_ended(session, end):
    signed_in = begin(session)
    row = row_of(session, signed_in)
    setattr(row, end, clock.now())
    session.add(row)
    with pytest.raises(UnauthorizedError):
        sessions.live_session(session, signed_in.token)
    # Nor does a late use wake it.
    sessions.touch(session, signed_in.session_id)
    with pytest.raises(UnauthorizedError):
        sessions.live_session(session, signed_in.token)


def test_use_keeps_it_but_not_beyond_its_end(session):
    signed_in = begin(session)
    assert not sessions.live_session(session, signed_in.token).stale
    row = row_of(session, signed_in)
    row.idle_until = clock.later(60)
    session.add(row)
    assert sessions.live_session(session, signed_in.token).stale
    sessions.touch(session, signed_in.session_id)
    assert clock.later(3500) < row.idle_until
    row.expires_at = clock.later(100)
    sessions.touch(session, signed_in.session_id)
    assert row.idle_until == row.expires_at


def test_the_eleventh_session_ends_the_first(session):
    first, *rest = [begin(session) for _ in range(sessions.PER_PERSON + 1)]
    with pytest.raises(UnauthorizedError):
        sessions.live_session(session, first.token)
    assert [row.id for row in sessions.live_sessions(session, "ada")] == [
        each.session_id for each in rest
    ]


def test_roles_are_read_at_every_request(session):
    signed_in = begin(session)
    person = service.get_person(session, "ada")
    person.roles = ["viewer", "approver"]
    session.add(person)
    assert "releases:approve" in sessions.principal_of(session, signed_in.token).permissions


def test_old_sessions_are_forgotten(session):
    old = begin(session)
    row = row_of(session, old)
    row.expires_at = row.idle_until = clock.later(-sessions.KEPT_S - 1)
    session.add(row)
    session.flush()
    begin(session)
    session.flush()
    assert session.get(SessionRow, old.session_id) is None
