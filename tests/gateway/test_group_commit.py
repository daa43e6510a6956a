import asyncio
import os
import threading

import pytest

from gateway import group_commit
from gateway.group_commit import GroupCommit


@pytest.fixture
def slow_disk(monkeypatch):
    """fdatasync that waits for the test; ``done`` counts the flushes."""
    gate, done, real = threading.Semaphore(0), [], os.fdatasync

    def fdatasync(file):
        assert gate.acquire(timeout=20)
        real(file)
        done.append(file)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    return gate, done


def opened(folder, name="a"):
    return os.open(folder / name, os.O_WRONLY | os.O_CREAT)


async def test_who_comes_during_a_flush_waits_for_the_next(tmp_path, slow_disk):
    gate, done = slow_disk
    commit = GroupCommit(tmp_path, pytest.fail)
    commit.follow(opened(tmp_path))
    first = commit.wait()
    later = [commit.wait() for _ in range(5)]
    gate.release()
    assert await first
    assert not any(each.done() for each in later)
    gate.release()
    assert await asyncio.gather(*later) == [True] * 5
    assert len(done) == 2
    gate.release()
    commit.close()


async def test_a_retired_file_is_flushed_before_it_is_closed(tmp_path, slow_disk):
    gate, done = slow_disk
    commit = GroupCommit(tmp_path, pytest.fail)
    old, new = opened(tmp_path), opened(tmp_path, "b")
    commit.follow(old)
    waiter = commit.wait()
    commit.retire(old)
    commit.follow(new)
    for _ in range(4):
        gate.release()
    assert await waiter
    assert await commit.wait()
    assert done[:3] == [old, old, new]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(old)
    gate.release()
    commit.close()


async def test_a_failed_flush_fails_those_who_came_meanwhile_too(tmp_path, monkeypatch):
    gate = threading.Event()

    def fdatasync(file):
        assert gate.wait(60)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    errors, file = [], opened(tmp_path)

    def on_failure(error):
        errors.append(error)
        commit.discard(file)

    commit = GroupCommit(tmp_path, on_failure)
    commit.follow(file)
    first, meanwhile = commit.wait(), commit.wait()
    gate.set()
    assert await asyncio.gather(first, meanwhile) == [False, False]
    assert [error.errno for error in errors] == [5]
    # The file was not flushed again; what is written to the next one is a new matter.
    monkeypatch.undo()
    commit.follow(opened(tmp_path, "b"))
    assert await commit.wait()
    commit.close()


@pytest.fixture
def close_complains(monkeypatch):
    """close(2) as NFS has it: the file is closed, and an error of an earlier write is told."""
    real = os.close

    def close(file):
        real(file)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "close", close)


async def test_a_discarded_file_is_flushed_no_more_whatever_its_close_tells(
    tmp_path, close_complains, monkeypatch
):
    commit, file = GroupCommit(tmp_path, pytest.fail), opened(tmp_path)
    commit.follow(file)
    with pytest.raises(OSError, match="Input/output error"):
        commit.discard(file)
    monkeypatch.undo()
    # Somebody else's from here on: the system hands out the lowest number that is free.
    other, flushed = opened(tmp_path, "b"), []
    assert other == file
    monkeypatch.setattr(os, "fdatasync", flushed.append)
    assert await commit.wait()
    assert flushed == []
    commit.close()
    os.close(other)


def test_every_retired_file_is_closed_whatever_the_close_of_another_tells(
    tmp_path, close_complains, monkeypatch
):
    files = [opened(tmp_path, name) for name in "ab"]
    with pytest.raises(OSError, match="Input/output error"):
        group_commit._flush(files, -1, -1)
    monkeypatch.undo()
    for file in files:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


async def test_a_caller_that_hung_up_disturbs_nobody(tmp_path):
    commit = GroupCommit(tmp_path, pytest.fail)
    commit.follow(opened(tmp_path))
    gone, stays = commit.wait(), commit.wait()
    gone.cancel()
    assert await stays
    commit.close()


async def test_closing_while_a_flush_fails_promises_nothing_to_who_came_meanwhile(
    tmp_path, monkeypatch
):
    started, gate, real = threading.Event(), threading.Event(), os.fdatasync

    def fdatasync(file):
        started.set()
        assert gate.wait(60)
        monkeypatch.setattr(os, "fdatasync", real)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    file = opened(tmp_path)
    commit = GroupCommit(tmp_path, lambda error: os.close(file))
    commit.follow(file)
    first = commit.wait()
    assert started.wait(60)
    meanwhile = commit.wait()
    gate.set()
    commit.close()
    assert await asyncio.gather(first, meanwhile) == [False, False]


async def test_closing_flushes_for_those_who_still_wait(tmp_path, slow_disk):
    gate, _ = slow_disk
    commit = GroupCommit(tmp_path, pytest.fail)
    commit.follow(opened(tmp_path))
    waiters = [commit.wait(), commit.wait()]
    for _ in range(4):
        gate.release()
    commit.close()
    assert await asyncio.gather(*waiters) == [True, True]


class Calls:
    """How many calls are being answered, as the test has it."""

    here = 0

    def __call__(self):
        return self.here


async def test_a_flush_waits_for_calls_on_their_way_and_no_longer(tmp_path, monkeypatch):
    monkeypatch.setattr(group_commit, "GATHER_S", 3600.0)
    calls = Calls()
    calls.here = 4
    commit = GroupCommit(tmp_path, pytest.fail, calls)
    commit.follow(opened(tmp_path))
    first = commit.wait(3)
    await asyncio.sleep(0.05)
    assert not first.done()
    assert commit.flushes == 0
    # With one more, all that are here wait.
    assert await asyncio.gather(first, commit.wait()) == [True, True]
    assert commit.flushes == 1
    commit.close()


async def test_a_call_that_does_not_come_is_waited_for_a_moment_only(tmp_path):
    calls = Calls()
    calls.here = 2
    commit = GroupCommit(tmp_path, pytest.fail, calls)
    commit.follow(opened(tmp_path))
    assert await asyncio.wait_for(commit.wait(), 20)
    assert commit.flushes == 1
    commit.close()


async def test_who_was_just_answered_is_not_waited_for(tmp_path, slow_disk, monkeypatch):
    monkeypatch.setattr(group_commit, "GATHER_S", 3600.0)
    gate, done = slow_disk
    calls = Calls()
    commit = GroupCommit(tmp_path, pytest.fail, calls)
    commit.follow(opened(tmp_path))
    calls.here = 8
    first = commit.wait(8)
    calls.here += 1
    later = commit.wait()
    gate.release()
    assert await first
    # Those of the first flush still count as here; the second begins all the same.
    gate.release()
    assert await asyncio.wait_for(later, 60)
    assert len(done) == 2
    gate.release()
    commit.close()


async def test_a_retired_file_waits_for_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(group_commit, "GATHER_S", 3600.0)
    calls = Calls()
    calls.here = 2
    commit = GroupCommit(tmp_path, pytest.fail, calls)
    old = opened(tmp_path)
    commit.follow(old)
    waiter = commit.wait()
    commit.retire(old)
    commit.follow(opened(tmp_path, "b"))
    assert await asyncio.wait_for(waiter, 60)
    commit.close()


async def test_closing_ends_the_gathering(tmp_path, monkeypatch):
    monkeypatch.setattr(group_commit, "GATHER_S", 0.05)
    calls = Calls()
    calls.here = 2
    commit = GroupCommit(tmp_path, pytest.fail, calls)
    commit.follow(opened(tmp_path))
    waiter = commit.wait()
    commit.close()
    assert await waiter
    # The timer would start a flush of a closed file.
    await asyncio.sleep(0.1)
    assert commit.flushes == 0
