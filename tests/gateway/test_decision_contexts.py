"""Every decision of a segment finds its context in that segment, whatever failed on the way."""

import asyncio
import os

import msgspec
import pytest

from bentos.contract.segment import DecisionFrame, ShadowFrame, read_frames
from gateway import decision_contexts
from gateway.config import LogFullPolicy, LogSync
from gateway.decision_log import DecisionLog, Limits
from tests.gateway.made_decision import keep, make_decision, make_personal
from tests.gateway.shipper.segments import make_outcome

BIG = 1 << 20


def open_log(folder, max_bytes=BIG, sync=LogSync.DEFAULT):
    limits = Limits(max_bytes=max_bytes, max_age_s=-1.0)
    return DecisionLog(folder, "g", "b1", policy=LogFullPolicy.SERVE, limits=limits, sync=sync)


async def decide(log, *variants):
    """A turn with a decision of each variant: each has a context of its own."""

    def decision(variant):
        return lambda seq: msgspec.structs.replace(make_decision(seq), variant=variant)

    return await asyncio.gather(*(keep(log, decision(each), make_personal()) for each in variants))


def kept(folder):
    """Sequence numbers and variants, a list a segment."""
    found = []
    for path in sorted(folder.iterdir()):
        frames = [f for f in read_frames(path) if isinstance(f, DecisionFrame)]
        found.append([(f.decision.seq, f.decision.variant) for f in frames])
    return found


async def test_what_decisions_share_is_written_once_a_segment(tmp_path):
    log = open_log(tmp_path)
    await decide(log, "stable")
    [path] = tmp_path.iterdir()
    first = path.stat().st_size
    await decide(log, "stable")
    second = path.stat().st_size
    await decide(log, *["stable"] * 8)  # identifiers of one length
    assert path.stat().st_size - second == 8 * (second - first)
    assert b"stable" in path.read_bytes()
    assert path.read_bytes().count(b"demo-shop") == 1
    log.close()
    assert kept(tmp_path) == [[(seq, "stable") for seq in range(10)]]


async def test_a_new_segment_says_what_its_decisions_name_and_nothing_else(tmp_path):
    log = open_log(tmp_path)
    await decide(log, "stable", "canary")
    log.rotate_if_due()
    await decide(log, "canary")
    log.rotate_if_due()
    await decide(log, "stable")
    log.close()
    assert kept(tmp_path) == [[(0, "stable"), (1, "canary")], [(2, "canary")], [(3, "stable")]]
    first, second, third = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert [data.count(b"demo-shop") for data in (first, second, third)] == [2, 1, 1]
    assert b"stable" not in second


async def test_contexts_that_are_more_than_a_segment_holds_make_no_segment_a_decision(tmp_path):
    log = open_log(tmp_path, max_bytes=4096)
    for number in range(40):
        await decide(log, f"variant {number}")
    before = len(list(tmp_path.iterdir()))
    for _ in range(40):
        await decide(log, "variant 39")
    log.close()
    assert len(list(tmp_path.iterdir())) <= before + 3
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= 4096


async def test_a_log_closed_while_it_has_no_segment_opens_none(tmp_path):
    log = open_log(tmp_path)
    await decide(log, "stable")
    log.rotate_if_due()
    log.close()
    assert log._opened == 1
    assert kept(tmp_path) == [[(0, "stable")]]


async def test_a_segment_of_shadows_says_no_context(tmp_path):
    log = open_log(tmp_path)
    await decide(log, "stable")
    log.rotate_if_due()
    log.append_shadow(make_outcome("id-0"))
    log.rotate_if_due()
    log.close()
    _, second = sorted(tmp_path.iterdir())
    assert kept(tmp_path) == [[(0, "stable")], []]
    assert [type(frame) for frame in read_frames(second)][1:] == [ShadowFrame]
    assert b"demo-shop" not in second.read_bytes()


async def test_a_segment_that_ends_within_a_turn_takes_no_context_with_it(tmp_path):
    log = open_log(tmp_path, max_bytes=1500)
    variants = [f"variant {number % 4}" for number in range(24)]
    assert await decide(log, *variants) == [True] * 24
    log.close()
    segments = kept(tmp_path)
    assert len(segments) > 2
    assert [each for segment in segments for each in segment] == list(enumerate(variants))


@pytest.mark.parametrize("sync", list(LogSync))
async def test_a_context_that_a_failed_write_took_along_is_said_again(tmp_path, monkeypatch, sync):
    log = open_log(tmp_path, sync=sync)
    await decide(log, "stable")

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "write", full)
    assert await decide(log, "canary", "stable") == [False, False]
    assert await decide(log, "other") == [False]
    monkeypatch.undo()
    log._failed_at = -1e9
    assert await decide(log, "other", "canary", "stable") == [True] * 3
    log.close()
    found = [each for segment in kept(tmp_path) for each in segment]
    assert found == [(0, "stable"), (1, "other"), (2, "canary"), (3, "stable")]


@pytest.mark.parametrize("written", range(1, 1400, 93))
async def test_half_a_turn_in_the_file_leaves_no_decision_without_its_context(
    tmp_path, monkeypatch, written
):
    log, real = open_log(tmp_path), os.write

    def cannot(*_):
        raise OSError("input/output error")

    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:written]))
    monkeypatch.setattr(os, "ftruncate", cannot)
    logged = await decide(log, "a", "b", "a", "c")
    monkeypatch.undo()
    log._failed_at = -1e9
    assert await decide(log, "c", "b", "a") == [True] * 3
    log.close()
    found = [each for segment in kept(tmp_path) for each in segment]
    before = ["a", "b", "a", "c"][: sum(logged)]
    assert found == list(enumerate([*before, "c", "b", "a"]))


async def test_a_shadow_s_failed_write_loses_no_context(tmp_path, monkeypatch):
    log = open_log(tmp_path)
    await decide(log, "stable")
    waiting = asyncio.gather(decide(log, "canary"), decide(log, "stable"))
    await asyncio.sleep(0)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "write", full)
    assert not log.append_shadow(make_outcome("id-0"))
    monkeypatch.undo()
    log._failed_at = -1e9
    assert await waiting == [[True], [True]]
    log.close()
    found = [each for segment in kept(tmp_path) for each in segment]
    assert sorted(found) == [(0, "stable"), (1, "canary"), (2, "stable")]


async def test_too_many_are_forgotten_and_said_again(tmp_path, monkeypatch):
    monkeypatch.setattr(decision_contexts, "MAX_KEPT", 3)
    log, variants = open_log(tmp_path), []
    for turn in ("ab", "cd", "ab", "e", "abcdefg", "a"):
        variants += turn
        await decide(log, *turn)
        assert len(log.contexts) <= 3
    log.rotate_if_due()
    await decide(log, "a")
    log.close()
    assert kept(tmp_path) == [list(enumerate(variants)), [(len(variants), "a")]]
