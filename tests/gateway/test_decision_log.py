import asyncio
import os
import subprocess
import threading

import pytest

from bentos.contract.segment import DecisionFrame, SegmentHeader, read_frames
from gateway.config import LogFullPolicy, LogSync
from gateway.decision_log import DecisionLog, Limits
from gateway.errors import Unavailable
from tests.gateway.made_decision import keep, make_decision, make_personal


def open_log(folder, policy=LogFullPolicy.SERVE, boot="b1", sync=LogSync.DEFAULT, **limits):
    limits = Limits(**{"max_bytes": 1 << 20, "max_age_s": 300.0, **limits})
    return DecisionLog(folder, "g", boot, policy=policy, limits=limits, sync=sync)


def append(log, times=1):
    return [asyncio.run(keep(log, make_decision, make_personal())) for _ in range(times)]


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


async def many(log, times):
    return await asyncio.gather(*(keep(log, make_decision, make_personal()) for _ in range(times)))


async def test_what_is_decided_in_one_turn_is_one_write(tmp_path, monkeypatch):
    log, real, writes = open_log(tmp_path), os.write, []
    monkeypatch.setattr(os, "write", lambda file, data: writes.append(file) or real(file, data))
    assert await many(log, 50) == [True] * 50
    assert len(writes) == 1
    assert log.written == 50
    log.close()
    assert seqs(tmp_path) == list(range(50))


async def test_a_turn_larger_than_a_segment_goes_into_several(tmp_path):
    log = open_log(tmp_path, max_bytes=1500)
    assert await many(log, 40) == [True] * 40
    log.close()
    assert len(list(tmp_path.iterdir())) > 2
    assert all(path.stat().st_size <= 1500 for path in tmp_path.iterdir())
    firsts = [next(iter(read_frames(path))).first_seq for path in sorted(tmp_path.iterdir())]
    counts = [len(list(read_frames(path))) - 1 for path in sorted(tmp_path.iterdir())]
    assert firsts == [sum(counts[:place]) for place in range(len(counts))]
    assert seqs(tmp_path) == list(range(40))


async def test_where_a_turn_fits_in_part_the_rest_is_not_acknowledged(tmp_path, monkeypatch):
    log, real = open_log(tmp_path, max_bytes=1500), os.write
    monkeypatch.setattr(
        os, "write", lambda file, data: real(file, data) if log.written or log._seq < 9 else 0
    )
    logged = await many(log, 40)
    assert logged == [True] * 9 + [False] * 31
    assert (log.written, log.lost) == (9, 31)
    monkeypatch.undo()
    log._failed_at = -1e9
    assert await many(log, 2) == [True, True]
    log.close()
    assert seqs(tmp_path) == list(range(11))


@pytest.mark.parametrize("sync", list(LogSync))
async def test_what_stays_of_a_turn_that_cannot_be_taken_back_keeps_its_numbers(
    tmp_path, monkeypatch, sync
):
    log, real = open_log(tmp_path, sync=sync), os.write
    assert await many(log, 3) == [True] * 3

    def cannot(*_):
        raise OSError("input/output error")

    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
    monkeypatch.setattr(os, "ftruncate", cannot)
    logged = await many(log, 10)
    monkeypatch.undo()
    kept = logged.index(False)
    assert 3 <= kept <= 5
    assert logged == [True] * kept + [False] * (10 - kept)
    assert (log.written, log.lost) == (3 + kept, 10 - kept)
    log._failed_at = -1e9
    assert await many(log, 4) == [True] * 4
    log.close()
    assert seqs(tmp_path) == list(range(3 + kept + 4))


def with_an_error(close):
    """A close(2) that tells of an earlier write, once the file is closed."""

    def closes(file):
        close(file)
        raise OSError("disk quota exceeded")

    return closes


async def test_an_error_of_the_file_s_close_loses_no_caller_and_no_number(tmp_path, monkeypatch):
    log, write = open_log(tmp_path), os.write
    assert await many(log, 3) == [True] * 3

    def cannot(*_):
        raise OSError("input/output error")

    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
    monkeypatch.setattr(os, "ftruncate", cannot)
    monkeypatch.setattr(os, "close", with_an_error(os.close))
    logged = await asyncio.wait_for(many(log, 10), 60)
    monkeypatch.undo()
    kept = logged.index(False)
    log._failed_at = -1e9
    assert await many(log, 4) == [True] * 4
    log.close()
    assert seqs(tmp_path) == list(range(3 + kept + 4))


async def test_a_caller_that_hangs_up_takes_nobody_else_with_it(tmp_path):
    log = open_log(tmp_path)
    first, second = (
        asyncio.create_task(keep(log, make_decision, make_personal())) for _ in range(2)
    )
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first
    log.close()
    assert seqs(tmp_path) == [0, 1]


def test_segments_rotate_by_size_and_seq_stays_gapless(tmp_path):
    log = open_log(tmp_path, max_bytes=1000)
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
            written += sum(append(log))
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
    assert flushed == []
    assert await keep(log, make_decision, make_personal())
    assert flushed[-1] == next(tmp_path.iterdir()).stat().st_size
    log.close()


async def test_strict_flushes_once_for_many_and_across_a_rotation(tmp_path, monkeypatch):
    flushed = recorded(monkeypatch)
    log = open_log(tmp_path, sync=LogSync.STRICT, max_bytes=8000)

    appends = (keep(log, make_decision, make_personal()) for _ in range(200))
    assert all(await asyncio.gather(*appends))
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
    if policy is LogFullPolicy.REFUSE:
        with pytest.raises(Unavailable):
            await keep(log, make_decision, make_personal())
    else:
        assert not await keep(log, make_decision, make_personal())
    assert log.lost == 1
    assert log.full
    monkeypatch.undo()
    log._failed_at = -1e9
    assert await keep(log, make_decision, make_personal())
    log.close()
    assert len(list(tmp_path.glob("*.segment"))) == 2


async def test_an_error_of_close_after_a_failed_flush_loses_no_caller(tmp_path, monkeypatch):
    log = open_log(tmp_path, sync=LogSync.STRICT)
    recorded(monkeypatch, fail=True)
    monkeypatch.setattr(os, "close", with_an_error(os.close))
    assert await asyncio.wait_for(many(log, 3), 60) == [False] * 3
    monkeypatch.undo()
    log._failed_at = -1e9
    assert await asyncio.wait_for(many(log, 2), 60) == [True] * 2
    log.close()


async def test_what_is_written_while_a_flush_fails_is_not_acknowledged_either(
    tmp_path, monkeypatch
):
    started, gate = threading.Event(), threading.Event()

    def fdatasync(file):
        started.set()
        assert gate.wait(60)
        raise OSError(5, "Input/output error")

    log = open_log(tmp_path, sync=LogSync.STRICT)
    monkeypatch.setattr(os, "fdatasync", fdatasync)
    first = asyncio.create_task(keep(log, make_decision, make_personal()))
    await asyncio.to_thread(started.wait, 20)
    meanwhile = asyncio.create_task(keep(log, make_decision, make_personal()))
    for _ in range(3):
        await asyncio.sleep(0)
    assert log.written == 2
    gate.set()
    assert await asyncio.gather(first, meanwhile) == [False, False]
    monkeypatch.undo()
    log.close()
