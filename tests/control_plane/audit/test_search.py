"""Looking through the register, newest first."""

import pytest

from bentos.contract.register import Action, Outcome
from control_plane.audit.queries import Question
from control_plane.audit.search import get_event, search
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.errors import NotFoundError
from control_plane.principal import system

ENTITIES = ("version:fraud:20261122-00000001", "version:fraudulent:x", "kill:fraud", "release:r1")


@pytest.fixture
def session(databases):
    database = Database(databases.migrated())
    with database.write() as writing:
        for number, entity in enumerate(ENTITIES):
            outcome = Outcome.DENIED if number == 2 else Outcome.ALLOWED
            change = Change(action=Action.KILL_SET, entity=entity, outcome=outcome)
            record(writing, system(f"actor{number % 2}"), change)
    with database.read() as reading:
        yield reading
    database.dispose()


def found(session, **wanted):
    return [each.seq for each in search(session, Question(**wanted))]


def test_everything_comes_newest_first_and_in_pages(session):
    assert found(session) == [4, 3, 2, 1]
    assert [each.seq for each in search(session, Question(), before=4, limit=2)] == [3, 2]


def test_each_filter_narrows(session):
    assert found(session, actor="actor1") == [4, 2]
    assert found(session, action="kill:clear") == []
    assert found(session, outcome=Outcome.DENIED) == [3]
    assert found(session, entity="release:r1") == [4]
    assert found(session, model="fraud") == [3, 1]


def test_times_bound_both_ways(session):
    first, last = get_event(session, 1).members["at"], get_event(session, 4).members["at"]
    assert found(session, since=first) == [4, 3, 2, 1]
    assert found(session, since=first, until=last) == [3, 2, 1]
    assert found(session, since=last) == [4]
    assert found(session, until="2020-01-01T00:00:00.000000Z") == []


def test_a_wildcard_in_a_prefix_is_only_a_letter(session):
    assert found(session, model="%") == []
    assert found(session, model="f_aud") == []


def test_an_event_that_is_not_there(session):
    with pytest.raises(NotFoundError):
        get_event(session, 5)
