"""A restore opens no door that was shut since the backup, as far as the old database can tell."""

from contextlib import contextmanager

import pytest

from control_plane.audit.service import list_events
from control_plane.audit.verifier import verify
from control_plane.backup.restoring import restore
from control_plane.backup.taking import take
from control_plane.callers.service import CallerOrder, create_caller, revoke_caller
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.errors import UnauthorizedError
from control_plane.init import initialise
from control_plane.people.access import disable_person
from control_plane.people.keys import (
    authenticate,
    issue_person_key,
    issue_service_key,
    revoke_key,
    rotate_key,
)
from control_plane.people.service import create_person
from control_plane.principal import system

SOMEBODY = system("test")


@pytest.fixture
def settings(tmp_path, any_databases):
    url = any_databases.url(any_databases.empty())
    settings = Settings(home=tmp_path / "home", database_url=url)
    initialise(settings, "admin")
    return settings


@contextmanager
def opened(settings):
    database = Database(settings.database)
    try:
        with database.write() as session:
            yield session
    finally:
        database.dispose()


def test_what_was_taken_away_since_stays_away(settings, tmp_path):
    backup = tmp_path / "backup.zip"
    with opened(settings) as session:
        create_person(session, SOMEBODY, "mallory", "Mallory", ["approver"])
        stolen = issue_person_key(session, SOMEBODY, "mallory")
        lost, good = (issue_service_key(session, SOMEBODY, "gateway") for _ in range(2))
        order = CallerOrder(
            name="c", shop="demo-shop", models=["*"], scopes=["infer"], rate=None, expires_at=None
        )
        caller, _ = create_caller(session, SOMEBODY, order)
    take(settings, backup)
    with opened(settings) as session:
        revoke_key(session, SOMEBODY, lost.id)
        revoke_caller(session, SOMEBODY, caller.id)
        disable_person(session, SOMEBODY, "mallory")
    done = restore(settings, backup, replace=True)
    # The key of a person who is shut out goes with them.
    gone = {f"api_key:{lost.id}", f"caller:{caller.id}", "person:mallory"}
    assert set(done.revoked_again) == gone
    with opened(settings) as session:
        for key in (stolen, lost):
            with pytest.raises(UnauthorizedError):
                authenticate(session, key.text)
        assert authenticate(session, good.text).actor.id == "gateway"
        told = {event.entity for event in list_events(session) if event.actor.id == "restore"}
        assert told > {f"key:{stolen.id}", f"key:{lost.id}", f"caller:{caller.id}"}
        assert verify(session).ok
    # Once more from the same backup: the replaced database is the restored one now.
    assert set(restore(settings, backup, replace=True).revoked_again) == gone


def test_a_key_that_was_rotated_since_stays_over(settings, tmp_path):
    backup = tmp_path / "backup.zip"
    with opened(settings) as session:
        leaked, good = (issue_service_key(session, SOMEBODY, "gateway") for _ in range(2))
    take(settings, backup)
    with opened(settings) as session:
        rotate_key(session, SOMEBODY, leaked.id, 0)
    assert restore(settings, backup, replace=True).revoked_again == [f"api_key:{leaked.id}"]
    with opened(settings) as session:
        with pytest.raises(UnauthorizedError):
            authenticate(session, leaked.text)
        assert authenticate(session, good.text).actor.id == "gateway"


def test_the_last_admin_of_a_backup_is_let_in(settings, tmp_path):
    """Somebody must be, to mend things."""
    backup = tmp_path / "backup.zip"
    take(settings, backup)
    with opened(settings) as session:
        create_person(session, SOMEBODY, "ada", "Ada", ["admin"])
        disable_person(session, SOMEBODY, "admin")
    done = restore(settings, backup, replace=True)
    assert "person:admin" not in done.revoked_again
    with opened(settings) as session:
        create_person(session, SOMEBODY, "ben", "Ben", ["viewer"])
    take(settings, tmp_path / "second.zip")
    # Another person of the same id is another person.
    other = restore(settings, backup, replace=True)
    with opened(settings) as session:
        create_person(session, SOMEBODY, "ben", "Ben", ["viewer"])
        disable_person(session, SOMEBODY, "ben")
    assert "person:ben" not in other.revoked_again
    assert (
        "person:ben" not in restore(settings, tmp_path / "second.zip", replace=True).revoked_again
    )
