"""What is asked once in a snapshot is asked anew in the next, and each time where one writes."""

import pytest
from sqlalchemy import event

from control_plane.lint import publication
from control_plane.people.service import change_roles, people_who_may
from control_plane.principal import Permission
from control_plane.releases.options import options
from control_plane.snapshot import once
from tests.control_plane.releases import conftest as releases

prepared = releases.prepared
new_desk, desk = releases.new_desk, releases.desk
JUDGES = Permission.RELEASES_APPROVE


def asked_twice(session):
    asked = []
    answers = [once(session, "question", lambda: asked.append(1) or len(asked)) for _ in "12"]
    return answers, len(asked)


def test_a_read_session_asks_once_and_the_next_one_anew(desk):
    assert [desk.read(asked_twice) for _ in "12"] == [([1, 1], 1)] * 2


def test_a_session_that_writes_asks_each_time(desk):
    assert desk.write(asked_twice) == ([1, 2], 2)


def test_who_loses_a_role_is_not_remembered(desk):
    def change(session):
        before = people_who_may(session, JUDGES)
        change_roles(session, desk.person("gus"), "ben", ["viewer"])
        return before - people_who_may(session, JUDGES)

    assert desk.write(change) == {"ben"}
    assert "ben" not in desk.read(people_who_may, JUDGES)


@pytest.fixture
def statements(desk):
    found = []

    def note(_connection, _cursor, statement, *_rest):
        found.append(statement)

    engine = desk.database._store.reader
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_a_look_at_several_releases_reads_people_once_and_lints_each_once(
    desk, statements, monkeypatch
):
    desk.bootstrap(model="pricing")
    rows = [desk.started(2), desk.started(2, model="pricing")]
    who, linted, lint = desk.person("cy"), [], publication.lint
    monkeypatch.setattr(publication, "lint", lambda *given: linted.append(1) or lint(*given))
    statements.clear()
    found = desk.read(lambda session: [options(session, who, row) for row in rows])
    assert all(len(each) > 2 for each in found)
    assert sum("FROM person" in each for each in statements) == 1
    assert len(linted) == len(rows)
