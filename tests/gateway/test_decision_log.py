import asyncio
import os
import subprocess

import pytest

from bentos.contract.segment import DecisionFrame, SegmentHeader, read_frames
from gateway.config import LogFullPolicy, LogSync
from gateway.decision_log import DecisionLog, Limits
from gateway.errors import Unavailable
from tests.gateway.installation import make_decision, make_personal


def open_log(folder, policy=LogFullPolicy.SERVE, boot="b1", sync=LogSync.DEFAULT, **limits):
    limits = Limits(**{"max_bytes": 1 << 20, "max_age_s": 300.0, **limits})
    return DecisionLog(folder, "g", boot, policy=policy, limits=limits, sync=sync)


def append(log, times=1):
    return [log.append(make_decision, make_personal()) for _ in range(times)]


def seqs(folder):
    return [
        frame.decision.seq
        for path in sorted(folder.iterdir())
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    ]


def test_a_decision_is_in_the_file_before_append_returns(tmp_path):
    log = open_log(tmp_path)
    assert append(log) == [True]
    [path] = tmp_path.iterdir()
    header, frame = read_frames(path)
    assert isinstance(header, SegmentHeader)
    assert frame.decision.seq == 0
    log.close()


def test_segments_rotate_by_size_and_seq_stays_gapless(tmp_path):
    log = open_log(tmp_path, max_bytes=2000)
    append(log, 20)
    log.close()
    firsts = [next(iter(read_frames(path))).first_seq for path in sorted(tmp_path.iterdir())]
    assert seqs(tmp_path) == list(range(20))
    assert len(firsts) > 2
    assert firsts == sorted(firsts)
    assert {path.suffix for path in tmp_path.iterdir()} == {".segment"}


def test_segments_rotate_by_age_but_only_when_they_hold_something(tmp_path):
    log = open_log(tmp_path, max_age_s=0.0)
    log.tend()
    assert not list(tmp_path.glob("*.segment"))
    append(log)
    log.tend()
    assert len(list(tmp_path.glob("*.segment"))) == 1
    assert log.backlog.segments == 1
    append(log)
    log.close()
    assert seqs(tmp_path) == [0, 1]


def test_a_segment_that_held_nothing_leaves_no_file(tmp_path):
    open_log(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("policy", list(LogFullPolicy))
def test_a_short_write_serves_or_refuses_and_leaves_no_torn_frame(tmp_path, monkeypatch, policy):
    log = open_log(tmp_path, policy)
    append(log)
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
    refuse_or_serve(log, policy)
    monkeypatch.undo()
    log._failed_at = -1e9
    assert append(log) == [True]
    log.close()
    assert seqs(tmp_path) == [0, 1]
    assert log.lost == 1


def refuse_or_serve(log, policy):
    if policy is LogFullPolicy.REFUSE:
        with pytest.raises(Unavailable):
            append(log)
    else:
        assert append(log) == [False]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB, as the kernel fills it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.parametrize("policy", list(LogFullPolicy))
def test_a_full_disk_loses_nothing_acknowledged_and_heals(small_disk, policy):
    log = open_log(small_disk, policy, max_bytes=16384)
    written = 0
    while not log.full:
        try:
            written += log.append(make_decision, make_personal())
        except Unavailable:
            assert policy is LogFullPolicy.REFUSE
    refuse_or_serve(log, policy)
    assert log.lost == 2
    assert {name: value for name, _, _, value in log.metrics()}[
        "signalbox_gateway_decision_log_full"
    ]
    closed = sorted(small_disk.glob("*.segment"))
    kept = [f for path in closed for f in read_frames(path) if isinstance(f, DecisionFrame)]
    for path in closed:
        path.unlink()
    log._failed_at = -1e9
    assert append(log, 5) == [True] * 5
    assert not log.full
    log.close()
    assert [f.decision.seq for f in kept] + seqs(small_disk) == list(range(written + 5))


def test_over_budget_it_behaves_as_full_until_segments_are_shipped(tmp_path):
    log = open_log(tmp_path, budget_bytes=5000)
    while sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000:
        append(log)
    written = log.written
    log.tend()
    assert log.full
    assert append(log) == [False]
    # What could be shipped is closed; nothing was deleted.
    assert [path.suffix for path in tmp_path.iterdir()] == [".segment"]
    assert seqs(tmp_path) == list(range(written))
    for path in tmp_path.iterdir():
        path.unlink()
    log.tend()
    assert append(log) == [True]
    log.close()


def recorded(monkeypatch, fail=False):
    """What was flushed, with the bytes the file had; the flush itself is the real one."""
    real, flushed = os.fdatasync, []

    def fdatasync(file):
        if fail:
            raise OSError(5, "Input/output error")
        real(file)
        flushed.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return flushed


async def test_strict_waits_until_the_bytes_are_flushed(tmp_path, monkeypatch):
    flushed = recorded(monkeypatch)
    log = open_log(tmp_path, sync=LogSync.STRICT)
    append(log)
    size = next(tmp_path.iterdir()).stat().st_size
    assert flushed == []
    assert await log.durable()
    assert flushed[-1] >= size
    log.close()


async def test_strict_flushes_once_for_many_and_across_a_rotation(tmp_path, monkeypatch):
    flushed = recorded(monkeypatch)
    log = open_log(tmp_path, sync=LogSync.STRICT, max_bytes=8000)

    async def request():
        append(log)
        return await log.durable()

    assert all(await asyncio.gather(*(request() for _ in range(200))))
    # The first flush and one for those who came meanwhile, plus each file once.
    assert len(flushed) <= 2 * len(list(tmp_path.iterdir())) + 2
    log.close()
    assert seqs(tmp_path) == list(range(200))


@pytest.mark.parametrize("policy", list(LogFullPolicy))
async def test_a_failed_flush_is_no_acknowledgement_and_the_segment_is_left(
    tmp_path, monkeypatch, policy
):
    log = open_log(tmp_path, policy, sync=LogSync.STRICT)
    recorded(monkeypatch, fail=True)
    append(log)
    if policy is LogFullPolicy.REFUSE:
        with pytest.raises(Unavailable):
            await log.durable()
    else:
        assert not await log.durable()
    assert log.lost == 1
    assert log.full
    monkeypatch.undo()
    log._failed_at = -1e9
    append(log)
    assert await log.durable()
    log.close()
    assert len(list(tmp_path.glob("*.segment"))) == 2
