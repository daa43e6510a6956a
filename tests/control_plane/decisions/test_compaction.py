"""Many files become one: every root, every erasure and every answer stays what it was."""

from datetime import UTC, datetime, timedelta

import pytest

from bentos.decision_lake.files import COMPACTED, Lake
from bentos.decision_lake.parts import Part
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.decisions.compaction import compact, is_due
from control_plane.decisions.criteria import Criteria
from control_plane.decisions.engine import Engine
from control_plane.decisions.erasure import Erasing, order_erasure
from control_plane.decisions.store import DecisionStore
from control_plane.principal import system
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

pytestmark = pytest.mark.acceptance
NOW = datetime.now(UTC)
DAY = (NOW - timedelta(days=3)).replace(hour=12)


@pytest.fixture
def database(plane):
    database = Database(Settings(home=plane.home, database_url=plane.database_url).database)
    yield database
    database.dispose()


class Apart(GatewayStandIn):
    """Its persons are nobody else's: an erasure orders everywhere, in every test's lake."""

    def subject(self, key):
        return super().subject(f"{key} of {self.boot}")


@pytest.fixture
def gateway(plane, tmp_path):
    return Apart(plane, tmp_path / "gateway", str(tmp_path / "lake"))


@pytest.fixture
def lake(gateway):
    return gateway.lake


@pytest.fixture
def ids(shop, canary, gateway):
    """Three segments of an old day and one of today."""
    found = []
    for number in range(3):
        at = DAY + timedelta(minutes=number)
        found += [gateway.decide(shop.model, key, at=at) for key in ("b", "a", None, "c")]
        gateway.ship()
    found.append(gateway.decide(shop.model, "a"))
    gateway.ship()
    return found


@pytest.fixture
def found(lake, gateway, verified):
    return lambda: verified(lake, gateway)


def names(lake, part=Part.PUBLIC):
    return [path.rpartition("/")[2] for day in lake.days(part) for path in lake.files(part, day)]


def test_roots_are_re_derived_and_everything_is_found(
    lake, database, gateway, shop, ids, found, events
):
    assert len(names(lake)) == 4
    assert is_due(lake, NOW.date())
    assert not is_due(lake, NOW.date() - timedelta(days=2))
    [made] = compact(lake, database, NOW.date())
    assert (made.files, made.rows) == (3, 12)
    assert sorted(name.startswith(COMPACTED) for name in names(lake)) == [False, True]
    assert names(lake) == names(lake, Part.PERSONAL)
    after = found()
    assert after.ok, after.problems
    assert after.decisions == 13
    store = DecisionStore(lake, Engine(lake))
    try:
        row = store.find(ids[0])
        assert row["decision_id"] == ids[0]
        assert store.personal(row)["subject"] == gateway.subject("b")
        criteria = Criteria(
            since=DAY - timedelta(days=1),
            until=NOW + timedelta(days=1),
            subjects=(gateway.subject("a"),),
        )
        page = store.page(criteria, limit=10)
        assert [r["decision_id"] for r in page.rows] == [ids[12], ids[9], ids[5], ids[1]]
    finally:
        store.close()
    assert events("decision:compact")[-1]["diff"]["rows"] == 12
    assert not is_due(lake, NOW.date())
    # Nothing is left to do, and a shipper that died before it could delete writes nothing again.
    assert compact(lake, database, NOW.date()) == []
    [path] = [p for p in lake.files(Part.PUBLIC, DAY.date().isoformat()) if COMPACTED in p]
    source = lake.sources(path)[0]
    lake.write("public", path.partition("/public/")[2].rpartition("/")[0], source, lake.read(path))
    assert len(names(lake)) == 2


def test_erased_rows_stay_away_and_more_can_be_erased(lake, database, gateway, ids, found):
    def erase(key):
        with database.write() as session:
            order_erasure(session, system("test"), [gateway.subject(key)], "x")
        Erasing(lake, database).run()

    erase("b")
    compact(lake, database, NOW.date())
    assert found().ok
    assert found().redacted == 3
    erase("a")
    after = found()
    assert after.ok, after.problems
    assert after.redacted == 7


class Dying(Lake):
    """Does so many changes, and then no more."""

    def __init__(self, url, writes, removals):
        super().__init__(url)
        self.left = {"write": writes, "remove": removals}

    def _spend(self, what):
        if not self.left[what]:
            raise OSError("killed here")
        self.left[what] -= 1

    def replace(self, *more):
        self._spend("write")
        super().replace(*more)

    def remove(self, path):
        self._spend("remove")
        super().remove(path)


@pytest.mark.parametrize(("writes", "removals"), [(1, 9), (2, 0), (2, 3)])
def test_killed_anywhere_the_next_pass_heals(lake, database, ids, found, writes, removals):
    with pytest.raises(OSError, match="killed here"):
        compact(Dying(lake.root, writes, removals), database, NOW.date())
    compact(lake, database, NOW.date())
    assert sorted(name.startswith(COMPACTED) for name in names(lake)) == [False, True]
    assert names(lake) == names(lake, Part.PERSONAL)
    after = found()
    assert after.ok, after.problems
    assert after.decisions == 13
