import asyncio
import os
import threading

import pytest

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
        assert gate.wait(20)
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


async def test_a_caller_that_hung_up_disturbs_nobody(tmp_path):
    commit = GroupCommit(tmp_path, pytest.fail)
    commit.follow(opened(tmp_path))
    gone, stays = commit.wait(), commit.wait()
    gone.cancel()
    assert await stays
    commit.close()


async def test_closing_flushes_for_those_who_still_wait(tmp_path, slow_disk):
    gate, _ = slow_disk
    commit = GroupCommit(tmp_path, pytest.fail)
    commit.follow(opened(tmp_path))
    waiters = [commit.wait(), commit.wait()]
    for _ in range(4):
        gate.release()
    commit.close()
    assert await asyncio.gather(*waiters) == [True, True]
