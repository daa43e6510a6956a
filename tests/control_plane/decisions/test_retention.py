"""Whole days go when their time is over: told first, recorded, and lawful to the verifier."""

from datetime import UTC, datetime, timedelta

import pytest

from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.decisions.retention import due, expire
from control_plane.decisions.retention_times import Retention
from control_plane.errors import ConflictError
from control_plane.principal import system
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

pytestmark = pytest.mark.acceptance
NOW = datetime.now(UTC)


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def database(plane):
    database = Database(Settings(home=plane.home, database_url=plane.database_url).database)
    yield database
    database.dispose()


def expire_soon(plane, *arguments):
    """The control plane beside the test has its own hours for such work; it is waited out."""

    def attempt():
        try:
            return expire(*arguments)
        except ConflictError:
            return None

    return plane.wait(attempt, "the lease")


@pytest.fixture
def gateway(plane, shop, canary, tmp_path, lake):
    """Two decisions a day, of today and of 100 and 300 days ago, in a lake of their own."""
    gateway = GatewayStandIn(plane, tmp_path / "gateway", lake.root)
    for days in (300, 100, 0):
        for key in ("a", "b"):
            gateway.decide(shop.model, key, at=NOW - timedelta(days=days))
    gateway.ship()
    return gateway


@pytest.fixture
def problems(lake, gateway, verified):
    """Of this lake's own segments."""
    return lambda **asked: verified(lake, gateway, **asked)


def days(parts):
    return [(each.part, each.day) for each in parts]


def test_a_dry_run_tells_and_deletes_nothing(lake, gateway, problems):
    kept = Retention(public=200, personal=50, shadow=10)
    old, older = (str((NOW - timedelta(days=n)).date()) for n in (100, 300))
    found = due(lake, kept, NOW.date())
    assert days(found) == [("personal", older), ("personal", old), ("public", older)]
    assert {each.rows for each in found} == {2}
    assert all(each.size > 0 and each.files == 1 for each in found)
    assert problems().ok
    assert due(lake, Retention(public=None, personal=None, shadow=None), NOW.date()) == []


def test_what_is_due_goes_with_an_event_and_verifies(
    plane, lake, gateway, database, problems, events
):
    kept = Retention(public=200, personal=50, shadow=10)
    gone = expire_soon(plane, lake, database, system("test"), kept, NOW.date())
    assert len(gone) == 3
    assert due(lake, kept, NOW.date()) == []
    found = problems()
    assert found.ok, found.problems
    assert (found.expired, found.expired_personal) == (2, 2)
    assert not problems(lawful=False).ok
    told = events("decision:expire")[-3:]
    assert [event["diff"]["kept_days"] for event in told] == [50, 50, 200]
    assert told[-1]["diff"]["runs"][0]["rows"] == 2
    # What is missing beyond that is still found.
    [path] = lake.files("public", str(NOW.date()))
    lake.remove(path)
    assert any("are missing" in each for each in problems().problems)


def test_killed_before_the_files_went_it_is_told_once(
    plane, lake, gateway, database, events, problems
):
    class Broken(Lake):
        def remove(self, path):
            raise OSError("killed here")

    kept = Retention(public=200, personal=50, shadow=None)
    with pytest.raises(OSError, match="killed here"):
        expire_soon(plane, Broken(lake.root), database, system("test"), kept, NOW.date())
    before = len(events("decision:expire"))
    expire_soon(plane, lake, database, system("test"), kept, NOW.date())
    assert len(events("decision:expire")) == before + 2
    assert problems().ok


def test_personal_parts_never_outlive_public_ones_and_short_times_are_told():
    kept = Retention(public=30, personal=None, shadow=None)
    assert kept.days(Part.PERSONAL) == kept.days(Part.SHADOW) == 30
    assert [note.partition(":")[0] for note in kept.notes()] == ["public", "personal"]
    assert Retention(public=None, personal=184, shadow=1).notes() == []


def test_retention_is_asked_and_carried_out_over_http(plane, auditor):
    answer = auditor.get("/api/v1/lake/retention").json()
    assert answer["days"] == {"public": 1096, "personal": 200, "shadow": 90}
    assert answer["notes"] == []
    assert auditor.post("/api/v1/lake/retention").json() == {"expired": answer["due"]}
    assert plane.person("viewer").get("/api/v1/lake/retention").status_code == 403
