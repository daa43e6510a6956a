import pyarrow as pa
import pyarrow.parquet as pq

from bentos.contract.decision import ShadowOutcome
from bentos.contract.segment import MAGIC, DecisionFrame, SegmentHeader, ShadowFrame, encode_frame
from load_tests.installation.records import Written, read_records
from tests.gateway.made_decision import make_decision, make_personal

SHADOW = ShadowOutcome(
    decision_id="id-0",
    version="v",
    status="ok",
    latency_us=1,
    outputs={},
    comparison={},
    agrees=True,
)


def write(home, name, *numbers, torn=b""):
    folder = home / "gateway" / "segments"
    folder.mkdir(parents=True, exist_ok=True)
    frames = [SegmentHeader(gateway="g", boot="b1", first_seq=numbers[0], opened_at="now")]
    frames += [DecisionFrame(make_decision(number), make_personal()) for number in numbers]
    frames.append(ShadowFrame(SHADOW))
    (folder / name).write_bytes(MAGIC + b"".join(map(encode_frame, frames)) + torn)


def ship(home, *numbers):
    folder = home / "lake" / "decisions" / "public" / "day=2026-01-01"
    folder.mkdir(parents=True)
    rows = [
        {"decision_id": f"id-{number}", "gateway": "g", "boot": "b1", "seq": number, "at": "then"}
        for number in numbers
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")


def test_open_closed_and_shipped_are_read_as_one(tmp_path):
    ship(tmp_path, 0, 1)
    write(tmp_path, "g-b1-000001.segment", 1, 2)
    write(tmp_path, "g-b1-000002.open", 3, torn=b"\x01\x02")
    records = read_records(tmp_path)
    assert set(records.decisions) == {"id-0", "id-1", "id-2", "id-3"}
    assert records.decisions["id-0"] == Written("g", "b1", 0, "then")
    assert records.shipped == 2
    assert len(records.shadows) == 2
    assert records.gaps() == []


def test_a_missing_number_is_a_gap(tmp_path):
    write(tmp_path, "g-b1-000001.segment", 0, 1)
    write(tmp_path, "g-b1-000002.open", 3)
    assert read_records(tmp_path).gaps() == ["g b1: 3 decisions, the last has number 3"]


def test_a_home_without_records_has_none(tmp_path):
    assert read_records(tmp_path).decisions == {}
