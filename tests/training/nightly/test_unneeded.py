"""Datasets and lines go when their time is over and nobody needs them; else they stay."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest

from bentos import redaction_files
from bentos.contract.redaction import RedactionRecord
from tests.golden.records import MANIFEST
from tests.redaction_request import redaction_request
from tests.training.nightly.made_up import fresh_record
from training import orders
from training.lake import digest_of_parts
from training.nightly import kept, unneeded
from training.nightly.became import Became
from training.nightly.errors import PassingError
from training.nightly.gone import Gone
from training.nightly.record import Outcome, StepRecord
from training.nightly.reproduce import Verdict, reproduce
from training.nightly.settings import NightlySettings
from training.nightly.stuck import Stuck
from training.redaction import scope
from training.redaction.rows import Rows
from training.redaction.work import Work
from training.settings import Settings

NOW = datetime(2026, 11, 26, tzinfo=UTC)
PARTS = {"rows.parquet": "0" * 64}


class Desk:
    """Knows when versions were retired."""

    def __init__(self, **retired):
        self.retired, self.error, self.asked = retired, None, 0

    def get(self, path):
        self.asked += 1
        if self.error:
            raise self.error
        name = path.rpartition("/")[2]
        if name not in self.retired:
            return None
        days = self.retired[name]
        moment = None if days is None else (NOW - timedelta(days=days)).isoformat()
        return {"retired_at": moment}


class Lake:
    def __init__(self, home):
        self.settings = Settings(home=home)
        self.lake = self.settings.lake

    def aged(self, place, days):
        then = (NOW - timedelta(days=days)).timestamp()
        os.utime(place, (then, then))

    def dataset(self, name, days):
        digest = digest_of_parts(PARTS | {"name": name})
        place = self.lake / "snapshots" / digest
        place.mkdir(parents=True)
        (place / "rows.parquet").write_bytes(b"x")
        self.aged(place, days)
        return digest

    def version(self, name, digest, state="registered"):
        dataset = msgspec.structs.replace(MANIFEST.dataset, digest=digest)
        rejection = "a gate failed" if state == "rejected" else None
        manifest = msgspec.structs.replace(
            MANIFEST, version=name, dataset=dataset, state=state, rejection=rejection
        )
        place = self.lake / "versions" / name.replace(":", "-")
        place.mkdir(parents=True)
        (place / "manifest.json").write_bytes(msgspec.json.encode(manifest))

    def lines(self, name, days, orders):
        place = self.lake / "orders" / name
        place.mkdir(parents=True)
        values = ", ".join(
            f"('{who}', '{order}', TIMESTAMP '2026-01-01', {product}, false)"
            for who, order, product in orders
        )
        duckdb.sql(
            f"COPY (SELECT * FROM (VALUES {values}) AS t(customer_id, order_id, ordered_at,"
            f" product_id, is_return)) TO '{place / 'lines.parquet'}' (FORMAT parquet)"
        )
        self.aged(place, days)
        return place

    def tonight(self, *, lines=None, dataset=None):
        record = msgspec.structs.replace(fresh_record(), models=("fraud",))
        given = {}
        if lines is not None:
            path = (lines / "lines.parquet").as_posix()
            given["pseudonymise"] = {"lines": {"path": path}}
        if dataset is not None:
            given["features fraud"] = {"digest": dataset}
        for name, output in given.items():
            step = StepRecord(step=name, outcome=Outcome.DONE, inputs={}, output=output)
            record = record.with_step(step)
        return record

    def find(self, record=None, desk=None):
        became = Became.of(self.lake)
        return unneeded.find(self.settings, NightlySettings(), record, NOW, desk, became)

    def prune(self, record=None, desk=None, stuck=None, now=NOW):
        gone = Gone()
        became = Became.of(self.lake)
        found = unneeded.find(self.settings, NightlySettings(), record, now, desk, became)
        unneeded.prune(self.settings, found, became, now, gone, stuck or Stuck())
        return dict(gone.counts)

    def stands(self, digest):
        return (self.lake / "snapshots" / digest).is_dir()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def test_a_dataset_stays_as_long_as_a_version_of_it_may_be_released(lake):
    digests = {name: lake.dataset(name, 500) for name in ("a", "b", "c", "d", "e")}
    lake.version("fraud:1", digests["a"])
    lake.version("fraud:2", digests["b"])
    lake.version("fraud:3", digests["c"])
    lake.version("fraud:4", digests["d"], state="rejected")
    lake.version("fraud:5", digests["d"])
    desk = Desk(**{"fraud:1": None, "fraud:2": 500, "fraud:3": 300, "fraud:5": 500})
    # Retired long ago, or of no version at all; not: registered, retired lately.
    assert set(lake.find(desk=desk).datasets) == {digests["b"], digests["d"], digests["e"]}
    # Nobody knows who was retired, or a version the control plane never heard of.
    assert set(lake.find().datasets) == {digests["e"]}
    assert set(lake.find(desk=Desk()).datasets) == {digests["e"]}
    desk.error = PassingError("away")
    assert set(lake.find(desk=desk).datasets) == {digests["e"]}
    desk.error = None
    assert lake.prune(desk=desk) == {"snapshots": 3}
    assert {name for name, digest in digests.items() if lake.stands(digest)} == {"a", "c"}
    assert unneeded.let_go(lake.lake, digests["d"]).versions == ("fraud:4", "fraud:5")
    found = reproduce(lake.settings, "fraud:5")
    assert (found.verdict, found.let_go) == (Verdict.LOST, NOW.isoformat())
    assert lake.prune(desk=desk) == {}


def test_what_was_used_lately_or_tonight_stays(lake):
    young, tonight, old = (lake.dataset(n, d) for n, d in (("y", 399), ("t", 500), ("o", 401)))
    record = lake.tonight(dataset=tonight)
    assert set(lake.find(record).datasets) == {old}
    unneeded.mark_used(lake.settings, record, Stuck())
    assert set(lake.find().datasets) == {old}
    lake.prune(record)
    assert lake.stands(young)
    assert lake.stands(tonight)


def test_what_a_redaction_left_of_a_version_s_dataset_is_the_version_s(lake):
    before, after = "b" * 64, lake.dataset("after", 500)
    lake.version("fraud:1", before)
    record = RedactionRecord(
        id="r-1", at="2026-01-01T00:00:00Z", reason="asked", snapshots={before: after}
    )
    redaction_files.write_record(lake.lake, record)
    assert lake.find(desk=Desk(**{"fraud:1": None})).datasets == {}
    assert set(lake.find(desk=Desk(**{"fraud:1": 500})).datasets) == {after}


def test_older_lines_go_and_what_only_they_tell_is_found_and_erased_all_the_same(lake):
    both = [("A", "1", 7), ("B", "2", 8)]
    old = lake.lines("0a", 31, both[:1])
    other = lake.lines("0b", 31, [("A", "1", 7), ("C", "3", 9)])
    young = lake.lines("0c", 29, both[:1])
    tonight = lake.lines("0d", 31, both)
    record = lake.tonight(lines=tonight)
    assert lake.find(record).lines == ("0a", "0b")
    assert lake.find().lines == ()
    assert lake.prune(record) == {"orders": 2}
    assert not old.exists()
    assert not other.exists()
    for stays in (young, tonight):
        assert (stays / "lines.parquet").is_file()
    with orders.connect(threads=1) as connection:
        work = Work(id="w", scope=scope.Scope(subjects=("C",)))
        found = scope.find(lake.settings, connection, work)
        assert work.unread == {}
        assert found.orders == ("3",)
        assert [bought.product for bought in found.purchases] == [9]
        rows = Rows(connection, found.subjects, found.orders)
        holding = {p: rows.count(p, rows.test(p)) for p in scope.lines_files(lake.lake)}
    (witness,) = (path for path, count in holding.items() if count)
    assert witness.parent.name == "witness"


def test_so_many_folders_of_lines_go_in_a_night_and_the_rest_in_the_next_ones(lake, monkeypatch):
    monkeypatch.setattr(unneeded, "LINES_A_NIGHT", 2)
    lake.dataset("may hold them", 1)
    for number in range(5):
        lake.lines(f"0{number}", 31, [("A", "1", 7), ("B", f"cancelled {number}", 8)])
    record = lake.tonight(lines=lake.lines("0f", 31, [("A", "1", 7)]))
    assert [lake.prune(record) for _ in range(4)] == [{"orders": n} for n in (2, 2, 1)] + [{}]
    assert {place.name for place in (lake.lake / "orders").iterdir()} == {"0f", "witness"}
    assert told(lake) == [f"cancelled {number}" for number in range(5)]


def test_what_gone_lines_told_goes_with_the_last_dataset_that_may_hold_it(lake):
    old, younger = lake.dataset("old", 399), lake.dataset("younger", 390)
    lake.lines("0a", 31, [("A", "1", 7), ("B", "cancelled", 8)])
    record = lake.tonight(lines=lake.lines("0f", 31, [("A", "1", 7)]))
    assert lake.prune(record) == {"orders": 1}
    later = NOW + timedelta(days=5)
    lake.dataset("made since", -5)
    assert lake.prune(record, now=later) == {"snapshots": 1}
    assert not lake.stands(old)
    # Redacted, the younger one is another dataset, and was there as long.
    left = lake.dataset("what is left of it", 390)
    shutil.rmtree(lake.lake / "snapshots" / younger)
    note = RedactionRecord(
        id="r-1", at="2026-01-01T00:00:00Z", reason="asked", snapshots={younger: left}
    )
    redaction_files.write_record(lake.lake, note)
    assert lake.prune(record, now=later) == {}
    assert told(lake) == ["cancelled"]
    gone = {"snapshots": 1, "witness": 1}
    assert lake.prune(record, now=NOW + timedelta(days=11)) == gone
    assert told(lake) == []


def test_what_the_witness_holds_stays_while_a_law_request_is_open(lake):
    lake.lines("0a", 31, [("B", "cancelled", 8)])
    record = lake.tonight(lines=lake.lines("0f", 31, [("A", "1", 7)]))
    assert lake.prune(record) == {"orders": 1}
    path = redaction_files.write_request(lake.settings.home, redaction_request())
    assert lake.prune(record, now=NOW + timedelta(days=1)) == {}
    path.unlink()
    assert lake.prune(record, now=NOW + timedelta(days=1)) == {"witness": 1}


def told(lake):
    rows = duckdb.sql(f"SELECT order_id FROM '{lake.lake}/orders/witness/lines.parquet'").fetchall()
    return sorted(row[0] for row in rows)


def test_no_lines_go_where_what_they_tell_cannot_be_written_down(lake):
    old = lake.lines("0a", 31, [("A", "1", 7)])
    record, stuck = lake.tonight(lines=lake.lines("0b", 31, [("B", "2", 8)])), Stuck()
    (lake.lake / "orders" / "witness").write_bytes(b"in the way")
    assert lake.prune(record, stuck=stuck) == {}
    assert list(stuck.why) == ["orders/witness"]
    assert old.is_dir()


def test_no_lines_go_while_the_record_of_a_redaction_cannot_be_read(lake):
    old = lake.lines("0a", 31, [("A", "1", 7)])
    record = lake.tonight(lines=lake.lines("0b", 31, [("B", "2", 8)]))
    damaged = lake.lake / "redactions" / "r-1.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"{")
    assert lake.prune(record) == {}
    assert old.is_dir()
    damaged.unlink()
    assert lake.prune(record) == {"orders": 1}


def test_a_control_plane_that_is_away_is_asked_once_a_night(lake):
    for name in "abc":
        lake.version(f"fraud:{name}", lake.dataset(name, 500))
    gone = lake.dataset("of no version", 500)
    desk = Desk()
    desk.error = PassingError("timed out after 30 s")
    assert set(lake.find(desk=desk).datasets) == {gone}
    assert desk.asked == 1


@pytest.mark.parametrize("place", ["versions/fraud-1/manifest.json", "redactions/r-1.json"])
def test_no_dataset_goes_while_what_tells_whose_it_is_cannot_be_read(lake, place):
    digest = lake.dataset("a", 500)
    damaged = lake.lake / place
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b'{"version": "fra')
    found = lake.find()
    assert found.datasets == {}
    assert list(found.stuck) == [place]
    damaged.unlink()
    assert set(lake.find().datasets) == {digest}


def test_lines_that_cannot_be_read_stay_and_are_named(lake):
    both = [("A", "1", 7), ("B", "2", 8)]
    bad, good, tonight = (lake.lines(n, 31, both) for n in ("0a", "0b", "0c"))
    (bad / "lines.parquet").write_bytes((bad / "lines.parquet").read_bytes()[:-20])
    lake.aged(bad, 31)
    record, stuck = lake.tonight(lines=tonight), Stuck()
    assert lake.prune(record, stuck=stuck) == {"orders": 1}
    assert list(stuck.why) == ["orders/0a"]
    assert bad.is_dir()
    assert not good.exists()


@pytest.mark.parametrize("kind", ["requests", "data_requests"])
def test_while_a_law_request_is_open_nothing_goes(lake, kind):
    lake.dataset("a", 500)
    path = redaction_files.write_request(lake.settings.home, redaction_request())
    place = path.parent.with_name(kind)
    place.mkdir(exist_ok=True)
    path = path.rename(place / path.name)
    assert lake.find().held == "1 open law requests"
    assert lake.prune() == {}
    path.unlink()
    assert lake.prune() == {"snapshots": 1}


def test_a_kill_leaves_a_noted_dataset_or_one_out_of_sight_and_the_next_night_ends_it(
    lake, monkeypatch
):
    first, second = sorted(lake.dataset(name, 500) for name in ("a", "b"))
    removed = []

    def dies(place):
        removed.append(Path(place).name)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kept.shutil, "rmtree", dies)
        with pytest.raises(KeyboardInterrupt):
            lake.prune()
    (gone,) = {first, second} - {d for d in (first, second) if lake.stands(d)}
    assert removed == [f".{gone}.leaving"]
    assert unneeded.let_go(lake.lake, gone) is not None
    assert lake.prune() == {"snapshots": 1}
    left = {path.name for path in (lake.lake / "snapshots").iterdir()}
    assert left == set()
