import pytest

from control_plane.db import Database
from control_plane.errors import PolicyError, UnauthorizedError
from control_plane.people import access, keys, service
from control_plane.people.sessions import Lifetime, live_sessions
from control_plane.people.sign_in import new_one_time, sign_in, store_one_time
from control_plane.principal import Source, system

ACTOR = system("test")


@pytest.fixture
def session(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        for person, roles in (("ada", ["admin"]), ("ben", ["admin", "viewer"])):
            service.create_person(session, ACTOR, person, person, roles)
        yield session
    database.dispose()


def test_the_last_admin_stays_whoever_asks(session):
    """An OpenID provider's groups ask as well, and know nothing of who else is left."""
    ada, ben = (service.get_person(session, each) for each in ("ada", "ben"))
    service.set_roles(session, ACTOR, ada, ["viewer"])
    with pytest.raises(PolicyError, match="last admin"):
        service.set_roles(session, ACTOR, ben, ["viewer"])
    with pytest.raises(PolicyError, match="last admin"):
        access.disable_person(session, ACTOR, "ben")
    assert service.set_roles(session, ACTOR, ben, ["admin"]).roles == ["admin"]


def test_a_disabled_admin_does_not_count(session):
    access.disable_person(session, ACTOR, "ada")
    with pytest.raises(PolicyError, match="last admin"):
        access.disable_person(session, ACTOR, "ben")
    access.enable_person(session, ACTOR, "ada")
    assert access.disable_person(session, ACTOR, "ben").disabled_at


def test_disabling_leaves_no_way_in_and_enabling_restores_none(databases):
    database = Database(databases.migrated())
    password, digest = new_one_time()
    with database.write() as session:
        service.create_person(session, ACTOR, "ada", "Ada", ["admin"])
        ben = service.create_person(session, ACTOR, "ben", "Ben", ["viewer"])
        store_one_time(session, ACTOR, ben, password, digest)
        key = keys.issue_person_key(session, ACTOR, "ben")
    lifetime = Lifetime(idle_s=60, at_most_s=60)
    sign_in(database, "ben", password.text, lifetime, Source())
    with database.write() as session:
        access.disable_person(session, ACTOR, "ben")
        access.enable_person(session, ACTOR, "ben")
        assert live_sessions(session, "ben") == []
        with pytest.raises(UnauthorizedError):
            keys.authenticate(session, key.text)
    with pytest.raises(UnauthorizedError):
        sign_in(database, "ben", password.text, lifetime, Source())
    database.dispose()
