import asyncio
import os
import subprocess
import sys
import time

import pytest

from bentos.contract.segment import DecisionFrame, SegmentHeader, encode_frame, read_frames
from gateway.config import LogFullPolicy
from gateway.decision_log import DecisionLog, Limits
from gateway.recovery import close_left_open
from gateway.segment_file import SegmentFile
from tests.gateway.made_decision import keep, make_decision, make_personal

WRITER = """
import asyncio
import sys
from pathlib import Path
from gateway.config import LogFullPolicy
from gateway.decision_log import DecisionLog, Limits
from tests.gateway.made_decision import keep, make_decision, make_personal
log = DecisionLog(
    Path(sys.argv[1]), "g", "b1", policy=LogFullPolicy.SERVE, limits=Limits(1 << 20, 300.0)
)
for _ in range(3):
    asyncio.run(keep(log, make_decision, make_personal()))
print("ready", flush=True)
sys.stdin.read()
"""

LOOKER = """
import sys
from pathlib import Path
from gateway.recovery import close_left_open
print("ready", flush=True)
while True:
    close_left_open(Path(sys.argv[1]))
"""


@pytest.fixture
def writer(tmp_path):
    """Another process that writes a segment of three decisions and holds it."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def killed(writer, folder):
    writer.kill()
    writer.wait()
    [path] = folder.glob("*.open")
    return path


def decisions(path):
    return [f.decision.seq for f in read_frames(path) if isinstance(f, DecisionFrame)]


def test_what_a_dead_process_left_open_is_closed(tmp_path, writer):
    killed(writer, tmp_path)
    close_left_open(tmp_path)
    [path] = tmp_path.iterdir()
    assert path.suffix == ".segment"
    assert decisions(path) == [0, 1, 2]


def test_what_a_live_process_writes_is_left_alone(tmp_path, writer):
    close_left_open(tmp_path)
    [path] = tmp_path.iterdir()
    assert path.suffix == ".open"
    # Also by a second process of the same worker, which starts before the first ends.
    log = DecisionLog(
        tmp_path, "g", "b2", policy=LogFullPolicy.SERVE, limits=Limits(1 << 20, 300.0)
    )
    asyncio.run(keep(log, make_decision, make_personal()))
    close_left_open(tmp_path)
    assert sorted(each.suffix for each in tmp_path.iterdir()) == [".open", ".open"]
    log.close()


@pytest.mark.parametrize("cut", [1, 5, 9])
def test_a_torn_tail_is_cut_off(tmp_path, writer, cut):
    path = killed(writer, tmp_path)
    whole = path.stat().st_size
    frame = encode_frame(DecisionFrame(make_decision(3), make_personal()))
    with path.open("ab") as file:
        file.write(frame[: len(frame) // cut] if cut > 1 else frame[:-1])
    close_left_open(tmp_path)
    [closed] = tmp_path.iterdir()
    assert closed.stat().st_size == whole
    assert decisions(closed) == [0, 1, 2]


def test_a_damaged_segment_is_set_aside_whole(tmp_path, writer, capsys):
    path = killed(writer, tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)
    close_left_open(tmp_path)
    [held] = tmp_path.iterdir()
    assert held.suffix == ".held"
    assert held.read_bytes() == data
    assert "segment_held" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"SBX", b"SBXSEG01", b"SBXSEG01\x00\x00\x00\x00"])
def test_a_segment_without_a_decision_goes(tmp_path, content):
    (tmp_path / "g-b-000000.open").write_bytes(content)
    close_left_open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_just_being_made_is_left_to_its_maker_and_an_old_one_goes(tmp_path):
    young, old = tmp_path / "g-b-000001.new", tmp_path / "g-b-000000.new"
    young.touch()
    old.touch()
    os.utime(old, (time.time() - 3600,) * 2)
    close_left_open(tmp_path)
    assert list(tmp_path.iterdir()) == [young]


def test_segments_are_opened_while_others_look_for_what_was_left_open(tmp_path):
    command = [sys.executable, "-c", LOOKER, str(tmp_path)]
    looking = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert looking.stdout.readline() == b"ready\n"
    header = SegmentHeader(gateway="g", boot="b", first_seq=0, opened_at="2026-01-01T00:00:00Z")
    try:
        for number in range(1500):
            segment = SegmentFile(tmp_path, f"g-b-{number:06d}", header)
            segment.finish()
            os.close(segment.file)
        assert looking.poll() is None
    finally:
        looking.kill()
        looking.communicate()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_no_error(tmp_path):
    close_left_open(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
