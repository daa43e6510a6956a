from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from bentos.contract.decision import PersonalPart, ShadowOutcome
from bentos.contract.segment import (
    MAGIC,
    DecisionFrame,
    SegmentHeader,
    ShadowFrame,
    encode_frame,
)
from demo.records import Records
from tests.gateway.made_decision import make_decision

HEADER = SegmentHeader(gateway="g", boot="b", first_seq=0, opened_at="2026-01-01T00:00:00Z")


def decision(identifier: UUID) -> DecisionFrame:
    public = structs.replace(make_decision(0), decision_id=str(identifier))
    personal = PersonalPart(
        subject=None,
        pseudonym_key_id="k",
        entities={},
        inputs={},
        outputs={},
        attributes={},
        salt="00",
    )
    return DecisionFrame(public, personal)


def outcome(decision_id: str, agrees: bool | None) -> ShadowFrame:
    return ShadowFrame(
        ShadowOutcome(
            decision_id=decision_id,
            version="v2",
            status="late" if agrees is None else "ok",
            latency_us=1,
            outputs={},
            comparison={},
            agrees=agrees,
        )
    )


def write(path, *frames):
    path.write_bytes(MAGIC + b"".join(map(encode_frame, (HEADER, *frames))))


@pytest.fixture
def segments(tmp_path):
    folder = tmp_path / "gateway" / "segments"
    folder.mkdir(parents=True)
    return folder


def ship(home, kind, name, rows):
    """As the shipper leaves it: the columns that are read, in a file of the segment's name."""
    folder = home / "lake" / "decisions" / kind / "day=d" / "model=m"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")


def test_decisions_of_this_run_are_found_and_older_ones_are_not(tmp_path, segments):
    old, new, lost = UUID(int=1), UUID(int=2), UUID(int=3)
    write(segments / "g-old-000000.open", decision(old))
    records = Records(tmp_path)
    # The next gateway closes what a dead one left open.
    (segments / "g-old-000000.open").rename(segments / "g-old-000000.segment")
    write(segments / "g-new-000000.open", decision(new))
    assert records.found([new]) == 1
    assert records.found([old, new, lost]) == 1


def test_what_was_shipped_is_found_once_wherever_it_is(tmp_path, segments):
    before, both, only = UUID(int=1), UUID(int=2), UUID(int=3)
    ship(tmp_path, "public", "g-old-000000000000", [{"decision_id": str(before), "seq": 0}])
    records = Records(tmp_path)
    write(segments / "g-new-000000.segment", decision(both))
    rows = [{"decision_id": str(each), "seq": seq} for seq, each in enumerate((both, only))]
    ship(tmp_path, "public", "g-new-000000000000", rows)
    assert records.found([before, both, only]) == 2
    assert records.shipped() == 2


def test_a_segment_shipped_while_it_is_read_is_found_in_the_lake(tmp_path, segments, monkeypatch):
    records, wanted = Records(tmp_path), UUID(int=5)
    write(segments / "g-new-000000.segment", decision(wanted))
    listed = records._segment_paths()
    monkeypatch.setattr(records, "_segment_paths", lambda: listed)
    listed[0].unlink()
    ship(tmp_path, "public", "g-new-000000000000", [{"decision_id": str(wanted), "seq": 0}])
    assert records.found([wanted]) == 1


def test_shadow_outcomes_are_told_apart_by_version_and_fate(tmp_path, segments):
    records = Records(tmp_path)
    outcomes = [outcome("a", True), outcome("b", True), outcome("c", False)]
    write(segments / "g-new-000000.segment", *outcomes)
    write(segments / "g-new-000001.open", outcome("d", None))
    shipped = {"decision_id": "e", "version": "v2", "status": "ok", "agrees": True}
    ship(tmp_path, "shadow", "g-new-000000", [shipped, {**shipped, "decision_id": "a"}])
    tally = records.shadows()["v2"]
    assert (tally.outcomes, tally.ok, tally.compared, tally.agreed) == (5, 4, 4, 3)
    assert tally.agreement == 3 / 4
