import pytest

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome
from control_plane.audit.queries import Question, find
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.errors import ConflictError
from control_plane.principal import system

STORY = [
    ("ada", "release:create", "release:r1", {"after": {"model": "fraud"}}),
    ("ada", "release:create", "release:r2", {"after": {"model": "fraud_eu"}}),
    ("ben", "release:approve", "release:r1", {}),
    ("ben", "release:approve", "release:r2", {"outcome": Outcome.DENIED}),
    ("ada", "version:register", "version:fraud:20260101-0000000a", {}),
    ("ada", "version:register", "version:fraud_eu:20260101-0000000b", {}),
    ("eve", "kill:set", "kill:fraud", {}),
    ("eve", "model:visibility", "model:fraud", {}),
    ("eve", "key:create", "key:1", {}),
]


@pytest.fixture
def database(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        for who, action, entity, more in STORY:
            record(session, system(who), Change(action=Action(action), entity=entity, **more))
    yield database
    database.dispose()


def seqs(database, limit=100, **wanted):
    pages = {
        name: wanted.pop(name) for name in ("after", "before", "newest_first") if name in wanted
    }
    with database.read() as session:
        found = find(session, Question(**wanted), limit=limit, **pages)
    return [event["seq"] for event in found]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"actor": "ben"}, [3, 4]),
        ({"actor": "nobody"}, []),
        ({"entity": "release:r1"}, [1, 3]),
        ({"action": "release:approve"}, [3, 4]),
        ({"action": "release:"}, [1, 2, 3, 4]),
        ({"outcome": "denied"}, [4]),
        ({"model": "fraud"}, [1, 3, 5, 7, 8]),
        ({"model": "fraud_eu"}, [2, 4, 6]),
        ({"model": "fraud", "actor": "ada", "action": "release:"}, [1]),
        ({"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00+01:00"}, []),
        ({"since": "2020-01-01T00:00:00Z"}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"after": 2, "limit": 3}, [3, 4, 5]),
        ({"newest_first": True, "limit": 2}, [9, 8]),
        ({"newest_first": True, "before": 8, "limit": 2}, [7, 6]),
        ({"model": "fraud", "after": 3, "limit": 2}, [5, 7]),
    ],
)
def test_events_by_everything_that_is_asked(database, wanted, expected):
    assert seqs(database, **wanted) == expected


def test_times_include_their_beginning_and_not_their_end(database):
    with database.read() as session:
        moments = [event["at"] for event in find(session, Question(), limit=100)]
    assert seqs(database, since=moments[2], until=moments[4]) == [
        seq for seq, at in enumerate(moments, 1) if moments[2] <= at < moments[4]
    ]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"action": "release:vanish"}, "action"),
        ({"action": "emperor:"}, "action"),
        ({"outcome": "maybe"}, "outcome"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-01-01T00:00:00"}, "until"),
    ],
)
def test_what_can_match_nothing_for_being_misspelt_is_refused(wanted, field):
    with pytest.raises(ContractError, match=field):
        Question(**wanted)


def test_a_row_that_cannot_be_read_is_told_not_skipped(filled):
    if filled.on_postgresql:
        pytest.skip("PostgreSQL holds no JSON that is none")
    filled.tamper("UPDATE register_event SET diff = '{' WHERE seq = 7")
    with filled.database.read() as session, pytest.raises(ConflictError, match="event 7"):
        find(session, Question(), limit=100)
