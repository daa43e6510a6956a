"""A person is erased: rows and salts go, every proof stays, and what comes later goes too."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from bentos.decision_lake.files import Lake
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.decisions.erasure import Erasing, UnreadError, order_erasure
from control_plane.errors import ConflictError
from control_plane.principal import system
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

pytestmark = pytest.mark.acceptance
ERASURES = "/api/v1/lake/erasures"


@pytest.fixture
def gateway(plane, tmp_path):
    """With nothing shipped yet."""
    return GatewayStandIn(plane, tmp_path)


@pytest.fixture
def erase(plane, auditor):
    """Order an erasure and wait until it is done."""

    def erase(**whom):
        answer = auditor.post(ERASURES, json={"reason": "asked for it", **whom})
        assert answer.status_code == 202, answer.text
        order = answer.json()["id"]

        def done():
            rows = auditor.get(ERASURES).json()
            row = next(each for each in rows if each["id"] == order)
            return row if row["done_at"] else None

        return plane.wait(done, "the erasure")

    return erase


@pytest.fixture
def findings(plane, gateway, verified):
    return lambda: verified(Lake(str(plane.home / "lake" / "decisions")), gateway)


def open_database(plane):
    return Database(Settings(home=plane.home, database_url=plane.database_url).database)


def bytes_of(plane):
    """All rows of all files, readable."""
    root = plane.home / "lake"
    return "".join(str(pq.ParquetFile(path).read().to_pylist()) for path in root.rglob("*.parquet"))


def test_rows_and_salts_go_and_every_proof_stays(
    plane, shop, canary, gateway, erase, findings, events, auditor
):
    key = f"gone-{gateway.boot}"
    ids = [gateway.decide(shop.model, key) for _ in range(3)]
    other = gateway.decide(shop.model, f"stays-{gateway.boot}")
    gateway.ship()
    assert gateway.subject(key) in bytes_of(plane)
    row = erase(targeting_keys=[key])
    assert row["decisions"] == 3
    assert gateway.subject(key) not in bytes_of(plane)
    named = [e for e in events("decision:redact") if e["reason"] == f"erasure {row['id']}"]
    assert sorted(each for event in named for each in event["diff"]["decisions"]) == sorted(ids)
    everything = json.dumps(events("decision:redact") + events("decision:erase"))
    assert gateway.subject(key) not in everything
    assert key not in everything
    found = findings()
    assert found.ok, found.problems
    assert found.redacted >= 3
    asked = {"personal": True}
    assert auditor.get(f"/api/v1/decisions/{ids[0]}", params=asked).json()["personal"] is None
    assert auditor.get(f"/api/v1/decisions/{other}", params=asked).json()["personal"]
    proved = auditor.get(f"/api/v1/decisions/{ids[0]}/evidence", params=asked)
    assert proved.json()["summary"]["personal_state"] == "erased"


def test_whom_rows_are_about_is_found_as_an_entity_too(shop, canary, gateway, erase, plane):
    name = gateway.pseudonymizer.pseudonym("demo-shop", "customer", "4711")
    gateway.decide(shop.model, "someone", entities={"customer": f"{'A' * 26} {name} -"})
    gateway.ship()
    row = erase(entities=[{"kind": "customer", "id": "4711"}])
    assert row["decisions"] == 1
    assert name not in bytes_of(plane)


def test_what_is_shipped_after_the_order_goes_as_well(
    plane, shop, canary, gateway, erase, findings
):
    key = f"late-{gateway.boot}"
    gateway.decide(shop.model, key)
    gateway.close_segment()
    assert erase(targeting_keys=[key])["decisions"] == 0
    time.sleep(0.01)
    after = gateway.decide(shop.model, key, at=datetime.now(UTC) + timedelta(seconds=1))
    gateway.ship()
    database = open_database(plane)
    try:
        Erasing(Lake(str(plane.home / "lake" / "decisions")), database).run()
    finally:
        database.dispose()
    left = [
        row["decision_id"]
        for path in (plane.home / "lake").rglob("personal/**/*.parquet")
        for row in pq.ParquetFile(path).read().to_pylist()
        if row["subject"] == gateway.subject(key)
    ]
    # Who comes back after being erased is somebody new.
    assert left == [after]
    assert findings().ok


def test_a_whole_shop_goes_and_another_stays(plane, shop, canary, gateway, findings):
    key, theirs = f"of-the-shop-{gateway.boot}", f"shop-{gateway.boot}"
    gateway.decide(shop.model, key, of_shop=theirs)
    gateway.ship()
    database = open_database(plane)

    def erase_shop(name):
        with database.write() as session:
            order_erasure(session, system("test"), [], "shop/redact", shop=name)
        Erasing(Lake(str(plane.home / "lake" / "decisions")), database).run()
        return gateway.subject(key) in bytes_of(plane)

    try:
        assert erase_shop("another-shop")
        assert not erase_shop(theirs)
    finally:
        database.dispose()
    assert findings().ok


def test_a_personal_row_that_nobody_ordered_away_is_named(plane, shop, canary, gateway, findings):
    wanted = gateway.decide(shop.model, f"tampered-{gateway.boot}")
    gateway.ship()
    [path] = (plane.home / "lake").rglob(f"personal/**/*{gateway.boot}*.parquet")
    original = path.read_bytes()
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(0, 0), path)
    try:
        assert any("no redaction says so" in each for each in findings().problems)
    finally:
        path.write_bytes(original)
    assert wanted


def test_killed_between_event_and_file_it_is_finished_by_the_next(
    plane, shop, canary, gateway, erase, findings, monkeypatch, auditor
):
    key = f"crash-{gateway.boot}"
    gateway.decide(shop.model, key)
    gateway.ship()
    lake = Lake(str(plane.home / "lake" / "decisions"))
    database = open_database(plane)

    class Broken(Lake):
        def replace(self, path, table, row_group_rows=1):
            raise OSError("killed here")

    try:
        with database.write() as session:
            order_erasure(session, system("test"), [gateway.subject(key)], "x")
        with pytest.raises(UnreadError, match="killed here"):
            Erasing(Broken(str(plane.home / "lake" / "decisions")), database).run()
        assert gateway.subject(key) in bytes_of(plane)
        assert findings().ok
        plane.wait(lambda: _run(Erasing(lake, database)), "the lease")
    finally:
        database.dispose()
    assert gateway.subject(key) not in bytes_of(plane)
    assert findings().ok


def _run(erasing):
    try:
        erasing.run()
    except ConflictError:
        return False
    return True


def test_what_a_killed_writer_left_behind_goes_too(plane, shop, canary, gateway, erase):
    gateway.decide(shop.model, f"temp-{gateway.boot}")
    gateway.ship()
    [path] = (plane.home / "lake").rglob(f"personal/**/*{gateway.boot}*.parquet")
    old, fresh = path.with_name("old.tmp"), path.with_name("fresh.tmp")
    old.write_bytes(path.read_bytes())
    fresh.write_bytes(b"")
    os.utime(old, (time.time() - 3600,) * 2)
    erase(targeting_keys=[f"temp-{gateway.boot}"])
    assert not old.exists()
    # Somebody may be writing it.
    assert fresh.exists()
    fresh.unlink()


def test_erasing_takes_its_permission_and_somebody_to_erase(plane, auditor):
    assert (
        plane.admin.post(ERASURES, json={"reason": "x", "subjects": ["A" * 26]}).status_code == 403
    )
    assert auditor.post(ERASURES, json={"reason": "x"}).status_code == 422
    answer = auditor.post(ERASURES, json={"reason": "x", "subjects": ["someone@example.com"]})
    assert answer.status_code == 422
    assert "someone@" not in answer.text


def test_a_file_nobody_can_read_is_named_and_keeps_no_other_row(
    plane, shop, canary, gateway, erase, auditor
):
    key = f"cut-{gateway.boot}"
    gateway.decide(shop.model, key)
    gateway.ship()
    [path] = (plane.home / "lake").rglob(f"personal/**/*{gateway.boot}*.parquet")
    broken = path.with_name("0-cut-off.parquet")
    broken.write_bytes(b"PAR1 and no more")
    asked = {"reason": "asked for it", "targeting_keys": [key]}
    order = auditor.post(ERASURES, json=asked).json()["id"]
    database = open_database(plane)
    lake = Lake(str(plane.home / "lake" / "decisions"))
    try:
        unread = plane.wait(lambda: _unread(Erasing(lake, database)), "the file's name")
    finally:
        database.dispose()
    assert "0-cut-off.parquet (ArrowInvalid" in unread
    assert gateway.subject(key) not in str(pq.ParquetFile(path).read().to_pylist())
    row = next(each for each in auditor.get(ERASURES).json() if each["id"] == order)
    assert row["done_at"] is None
    broken.unlink()
    assert erase(targeting_keys=[key])["done_at"]


def _unread(erasing):
    try:
        erasing.run()
    except UnreadError as error:
        return str(error)
    except ConflictError:
        return None
    raise AssertionError("nothing was unread")
