import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import structlog

from bentos.contract.segment import DecisionFrame, encode_frame
from bentos.decision_lake.files import Lake
from gateway.shipper.register import Register
from gateway.shipper.shipping import MAX_FAILURES, Shipping
from tests.gateway.made_decision import keep, make_decision, make_personal
from tests.gateway.shipper.segments import Writer, make_outcome

pytestmark = pytest.mark.acceptance
CRASHING = Path(__file__).with_name("crashing_shipper.py")


def in_lake(lake, kind="public", column="decision_id"):
    paths = [path for group in lake.names(kind).values() for path in group]
    return sorted(value for path in paths for value in lake.read(path)[column].to_pylist())


def events(plane, boot):
    found = plane.admin.get(
        "/api/v1/register/events", params={"action": "segment:register", "limit": 1000}
    ).json()
    allowed = [event["diff"] for event in found if event["outcome"] == "allowed"]
    return [diff for diff in allowed if diff["boot"][1] == boot]


def test_closed_segments_reach_lake_and_register_and_go(shipping, segments, lake, plane):
    segments.write(30, shadows=4)
    segments.write(12)
    assert shipping.ship_all()
    assert segments.closed == []
    assert in_lake(lake) == in_lake(lake, "personal") == sorted(segments.ids)
    assert len(in_lake(lake, "shadow")) == 4
    ranges = [
        (diff["first_seq"][1], diff["last_seq"][1], diff.get("gap"))
        for diff in events(plane, segments.boot)
    ]
    assert ranges == [(0, 29, None), (30, 41, None)]


def test_the_segment_being_written_waits_until_its_writer_is_gone(shipping, segments, lake):
    asyncio.run(keep(segments._log, make_decision, make_personal()))
    assert shipping.ship_all()
    assert in_lake(lake) == []
    assert len(list(segments.folder.glob("*.open"))) == 1


@pytest.mark.slow
def test_while_the_register_is_away_nothing_is_deleted_and_all_is_written(
    new_plane, segments, lake
):
    new_plane.start()
    register = Register(new_plane.url, new_plane.home / "keys" / "gateway.key")
    shipping = Shipping(segments.folder, lake, register)
    segments.write(5)
    segments.write(5)
    new_plane.stop()
    assert not shipping.ship_all()
    assert len(segments.closed) == 2
    assert in_lake(lake) == sorted(segments.ids)
    new_plane.start()
    # Another shipper, as after a crash: it has to find out what is written already.
    again = Shipping(segments.folder, lake, register)
    assert again.ship_all()
    assert segments.closed == []
    assert in_lake(lake) == sorted(segments.ids)
    assert len(events(new_plane, segments.boot)) == 2
    register.close()


def test_a_key_that_is_refused_deletes_nothing(plane, segments, lake, tmp_path):
    segments.write(2)
    for content in ("sbx_000000000000_" + "x" * 43, None):
        path = tmp_path / "gateway.key"
        path.write_text(content) if content else path.unlink()
        register = Register(plane.url, path)
        assert not Shipping(segments.folder, lake, register).ship_all()
        register.close()
    assert len(segments.closed) == 1


def test_what_the_register_refuses_is_set_aside(shipping, segments, plane, lake):
    body = {"gateway": "g.0", "boot": segments.boot, "first_seq": 0, "last_seq": 9, "count": 10}
    answer = plane.holder("gateway").post("/api/v1/segments", json={**body, "root": "a" * 64})
    assert answer.status_code == 201
    segments.write(10)
    segments.write(3)
    assert shipping.ship_all()
    assert [path.suffix for path in sorted(segments.folder.iterdir())] == [".held"]
    assert len(events(plane, segments.boot)) == 2


def test_a_damaged_segment_is_set_aside_and_its_gap_named(shipping, segments, lake, plane):
    for _ in range(3):
        segments.write(4)
    path = segments.closed[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    assert shipping.ship_all()
    assert [each.suffix for each in segments.folder.iterdir()] == [".held"]
    assert [diff.get("gap") for diff in events(plane, segments.boot)] == [None, [4, 7]]
    assert in_lake(lake) == sorted(segments.ids[:4] + segments.ids[8:])


def test_a_segment_that_cannot_even_be_set_aside_holds_up_no_other(
    shipping, segments, lake, monkeypatch
):
    for _ in range(2):
        segments.write(4)
    path = segments.closed[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(data)
    replace = Path.replace

    def cannot(self, where):
        if self == path:
            raise PermissionError(1, "Operation not permitted")
        return replace(self, where)

    monkeypatch.setattr(Path, "replace", cannot)
    assert not shipping.ship_all()
    assert in_lake(lake) == sorted(segments.ids[4:])


def test_a_segment_nobody_can_convert_holds_up_no_other(shipping, segments, lake, plane):
    impossible = msgspec.structs.replace(make_outcome("unknown"), latency_us=2**63)
    for _ in range(MAX_FAILURES - 1):
        segments._log.append_shadow(impossible)
        segments._log.rotate_if_due()
    segments.write(4)
    with structlog.testing.capture_logs() as logged:
        assert not shipping.ship_all()
    assert [line["event"] for line in logged].count("segment_not_shipped") == MAX_FAILURES - 1
    assert in_lake(lake) == sorted(segments.ids)
    assert len(events(plane, segments.boot)) == 1
    assert len(segments.closed) == MAX_FAILURES - 1


def test_a_destination_that_is_away_is_left_alone_soon_and_tried_with_others_next(
    segments, register, tmp_path
):
    for _ in range(2 * MAX_FAILURES):
        segments.write(1)
    (tmp_path / "lake").touch()
    shipping = Shipping(segments.folder, Lake(str(tmp_path / "lake")), register)
    with structlog.testing.capture_logs() as logged:
        assert not shipping.ship_all()
        assert not shipping.ship_all()
    tried = [line["segment"] for line in logged if line["event"] == "segment_not_shipped"]
    assert tried == [path.stem for path in segments.closed]
    (tmp_path / "lake").unlink()
    assert shipping.ship_all()
    assert segments.closed == []


def test_a_torn_tail_of_a_dead_writer_is_shipped_without_it(shipping, segments, lake, plane):
    segments.write(6)
    path = segments.closed[0]
    torn = encode_frame(DecisionFrame(make_decision(6), make_personal()))[:-3]
    path.rename(path.with_suffix(".open")).write_bytes(
        path.with_suffix(".open").read_bytes() + torn
    )
    assert shipping.ship_all()
    assert in_lake(lake) == sorted(segments.ids)
    [diff] = events(plane, segments.boot)
    assert diff["count"][1] == 6


def test_shadows_alone_are_kept_without_a_registration(shipping, segments, lake, plane):
    segments.write(3)
    segments.write(0, shadows=2)
    segments.write(3, shadows=1)
    assert shipping.ship_all()
    assert len(in_lake(lake, "shadow")) == 3
    assert len(events(plane, segments.boot)) == 2


def test_it_ships_to_any_file_system(segments, register):
    lake = Lake(f"memory://{segments.boot}")
    segments.write(7)
    assert Shipping(segments.folder, lake, register).ship_all()
    assert in_lake(lake) == sorted(segments.ids)


def test_two_boots_of_one_worker_do_not_meet(shipping, segments, lake, plane):
    other = Writer(segments.folder)
    segments.write(4)
    other.write(4)
    assert shipping.ship_all()
    assert in_lake(lake) == sorted(segments.ids + other.ids)
    assert len(events(plane, other.boot)) == 1


def test_no_further_segment_is_begun_after_its_time(shipping, segments):
    segments.write(2)
    shipping.until = 0.0
    assert not shipping.ship_all()
    assert len(segments.closed) == 1


@pytest.mark.slow
def test_killed_before_any_of_its_changes_it_leaves_the_same_files_and_one_registration(
    plane, tmp_path
):
    template = tmp_path / "template"
    writer = Writer(template / "gateway" / "segments")
    writer.write(9, shadows=2)
    writer.write(9)
    (template / "keys").mkdir()
    shutil.copy(plane.home / "keys" / "gateway.key", template / "keys")
    command = [sys.executable, str(CRASHING), str(template), str(tmp_path / "runs"), plane.url]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    crashes = int(done.stdout)
    # At least: 2 × (4 partitions × 2 files renamed, 1 connection, 1 removal), and the folders.
    assert crashes > 24
    reference = files_of(tmp_path / "runs" / str(crashes + 1))
    assert len(reference) == 13
    for crash in range(1, crashes + 1):
        assert files_of(tmp_path / "runs" / str(crash)) == reference, crash
    assert len(events(plane, writer.boot)) == 2


def files_of(home):
    assert list((home / "gateway" / "segments").iterdir()) == []
    lake = home / "lake" / "decisions"
    return {str(path.relative_to(lake)): path.read_bytes() for path in lake.rglob("*.parquet")}
