"""The story goes on once what it tells of has happened, however long a busy machine takes."""

from types import SimpleNamespace

import pytest

from demo import story
from demo.errors import DemoError
from demo.records import ShadowTally
from demo.story import Story

CANDIDATE = "fraud:20260102-bbbbbbbb"


class Told:
    """What a story reads and says; of ``records`` the last comes again and again."""

    def __init__(self, *records: dict[str, ShadowTally]) -> None:
        self._records = list(records)
        self.records = SimpleNamespace(shadows=self._next)
        self.board = SimpleNamespace(shadow="", note=lambda _: None)

    def _next(self) -> dict[str, ShadowTally]:
        return self._records.pop(0) if len(self._records) > 1 else self._records[0]


async def test_a_shadow_process_that_takes_its_time_is_waited_for(monkeypatch):
    monkeypatch.setattr(story, "LOOK_S", 0.01)
    skipped = {CANDIDATE: ShadowTally(outcomes=1)}
    told = Told({}, skipped, {CANDIDATE: ShadowTally(outcomes=4, ok=4, compared=4, agreed=3)})
    await Story._show_shadow(told, CANDIDATE)
    assert told.board.shadow == f"{CANDIDATE} agrees on 75.0% of 4"


async def test_a_shadow_nobody_ever_asks_ends_the_story(monkeypatch):
    monkeypatch.setattr(story, "LOOK_S", 0.01)
    monkeypatch.setattr(story, "BACK_TIMEOUT_S", 0.05)
    with pytest.raises(DemoError, match=f"no shadow outcome of {CANDIDATE}"):
        await Story._show_shadow(Told({}), CANDIDATE)
