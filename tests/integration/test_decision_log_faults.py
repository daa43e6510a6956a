"""Whatever the disk does: what was acknowledged is read back as it was decided, under numbers
without a gap or a double, and no segment is damaged."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.contract.segment import DecisionFrame, SegmentHeader, encode_frame, read_frames
from gateway import decision_contexts
from gateway.config import LogFullPolicy, LogSync
from gateway.decision_log import DecisionLog, Limits
from gateway.recovery import close_left_open
from tests.brief_decisions import brief_of, context_of
from tests.gateway.made_decision import keep, make_decision, make_personal
from tests.gateway.shipper.segments import make_outcome

calls = st.tuples(st.integers(0, 3), *[st.sampled_from([False, False, False, True])] * 2)
"What it has in common with others; whether it cannot be encoded; whether its caller hangs up."
turns = st.tuples(st.just("turn"), st.lists(calls, min_size=1, max_size=6), st.integers(0, 3))
steps = turns | turns | st.tuples(st.sampled_from(["shadow", "tend", "crash"]))
faults = st.sampled_from(
    [set(), {"write"}, {"write", "ftruncate"}, {"write", "ftruncate", "close"}, {"fdatasync"},
     {"fdatasync", "close"}, {"replace"}, {"write", "ftruncate", "replace", "fdatasync"}]
)  # fmt: skip
lives = st.lists(
    st.tuples(steps, faults, st.integers(0, 1500), st.booleans()), min_size=4, max_size=12
)


@contextmanager
def failing(which: set[str], room: int) -> Iterator[None]:
    """Calls that fail meanwhile: a write does when these bytes of room are used up."""
    left, write_really, close_really = room, os.write, os.close

    def write(file: int, data: bytes) -> int:
        nonlocal left
        if data and not left:
            raise OSError("no space left on device")
        part = data[:left]
        left -= len(part)
        return write_really(file, part)

    def close(file: int) -> None:
        close_really(file)
        raise OSError("disk quota exceeded")

    def cannot(*_: object) -> None:
        raise OSError("input/output error")

    with ExitStack() as stack:
        for name in which:
            target = Path if name == "replace" else os
            instead = {"write": write, "close": close}.get(name, cannot)
            stack.enter_context(mock.patch.object(target, name, instead))
        yield


class Life:
    """A gateway's, boot after boot. ``decided``: by identifier, what each decision names."""

    def __init__(self, folder: Path, sync: LogSync, max_bytes: int) -> None:
        self.folder, self.sync = folder, sync
        self.limits = Limits(max_bytes, max_age_s=-1.0)
        self.decided: dict[str, str] = {}
        self.acknowledged: set[str] = set()
        self.boots = 0
        self.boot()

    def boot(self) -> None:
        self.boots += 1
        self.log = DecisionLog(
            self.folder, "g", f"b{self.boots}",
            policy=LogFullPolicy.SERVE, limits=self.limits, sync=self.sync,
        )  # fmt: skip

    async def step(self, step: tuple, which: set[str], room: int, again: bool) -> None:
        """``again``: time passes, so that what failed is tried again."""
        kind, *rest = step
        if kind == "crash":
            await self.crash(room)
            return
        with failing(which, room):
            if kind == "turn":
                await self.turn(*rest)
            elif kind == "shadow":
                self.log.append_shadow(make_outcome("id-0"))
            else:
                self.log.tend()
        if again and self.log._failed_at is not None:
            self.log._failed_at = -1e9

    async def turn(self, made: list[tuple], tended: int) -> None:
        """``tended``: after so many rounds of the loop, if at all."""
        waiting = asyncio.gather(*(self.decide(*each) for each in made))
        for _ in range(tended):
            await asyncio.sleep(0)
        if tended:
            self.log.tend()
        await waiting

    async def decide(self, shared: int, unencodable: bool, hangs_up: bool) -> None:
        name, variant = str(len(self.decided)), f"variant {shared}"
        self.decided[name] = variant
        changes = {"decision_id": name, "variant": variant, "boot": self.log.boot}
        personal = msgspec.structs.replace(
            make_personal(), inputs={f"of {variant}": [object() if unencodable else name]}
        )
        call = asyncio.ensure_future(
            keep(self.log, lambda n: msgspec.structs.replace(make_decision(n), **changes), personal)
        )
        if hangs_up:
            await asyncio.sleep(0)
            call.cancel()
        try:
            if await call:
                self.acknowledged.add(name)
        except (TypeError, asyncio.CancelledError):
            return

    async def crash(self, written: int) -> None:
        """The process is killed within a write; another one begins."""
        commit = self.log._commit
        if commit is not None:
            while commit._running:  # noqa: ASYNC110 - nobody says when it ends
                await asyncio.sleep(0.001)
            commit._thread.shutdown()
            os.close(commit._folder)
        segment = self.log._segment
        if segment is not None:
            both = make_decision(0), make_personal()
            torn = map(encode_frame, (context_of(*both, 9), brief_of(*both, 9)))
            os.write(segment.file, b"".join(torn)[:-1][:written])
            os.close(segment.file)
        close_left_open(self.folder)
        self.boot()

    def check(self) -> None:
        found: dict[str, str] = {}
        last: dict[str, int] = {}
        for path in sorted(self.folder.iterdir()):
            assert path.suffix != ".held"
            header, *frames = read_frames(path)
            assert isinstance(header, SegmentHeader)
            assert header.first_seq == last.get(header.boot, -1) + 1
            for frame in frames:
                if isinstance(frame, DecisionFrame):
                    one = frame.decision
                    assert one.seq == last.get(one.boot, -1) + 1
                    assert one.decision_id not in found
                    assert frame.personal.inputs == {f"of {one.variant}": [one.decision_id]}
                    last[one.boot], found[one.decision_id] = one.seq, one.variant
        assert found.items() <= self.decided.items()
        assert self.acknowledged <= found.keys()


async def live(folder: Path, sync: LogSync, max_bytes: int, life_steps: list[tuple]) -> None:
    life = Life(folder, sync, max_bytes)
    for each in life_steps:
        await life.step(*each)
        life.check()
    life.log.close()
    close_left_open(folder)
    life.check()


@pytest.mark.parametrize("sync", list(LogSync))
@settings(max_examples=40, deadline=None)
@given(max_bytes=st.sampled_from([700, 1500, 1 << 20]), life=lives)
def test_what_was_acknowledged_is_read_back(sync, max_bytes, life):
    with TemporaryDirectory() as folder, mock.patch.object(decision_contexts, "MAX_KEPT", 2):
        asyncio.run(asyncio.wait_for(live(Path(folder), sync, max_bytes, life), 5.0))
