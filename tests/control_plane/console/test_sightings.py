"""A step's visitors are counted rarely, however many pages look."""

import time
from types import SimpleNamespace

import pytest

from control_plane.console import sightings as module
from control_plane.console.sightings import FRESH_S, Sightings

ROW = SimpleNamespace(id="r", step=2)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counted(monkeypatch, clock):
    """Counts that were asked for, and the sightings over them."""
    asked = []

    def look(database, exposures, release, verb):
        asked.append(release)
        return len(asked)

    monkeypatch.setattr(module, "look", look)
    found = Sightings(None, None, clock)
    yield found, asked
    found.close()


def test_many_looks_are_one_count(counted):
    found, asked = counted
    assert [found.of(ROW) for _ in range(50)] == [1] * 50
    assert asked == ["r"]


def test_an_old_count_is_shown_until_the_next_is_there(counted, clock):
    found, asked = counted
    found.of(ROW)
    clock.now = FRESH_S + 1
    assert found.of(ROW) == 1
    end = time.monotonic() + 20
    while found.of(ROW) != 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert found.of(ROW) == 2
    assert asked == ["r", "r"]


def test_another_step_is_another_count(counted):
    found, asked = counted
    found.of(ROW)
    assert found.of(SimpleNamespace(id="r", step=3)) == 2
    assert asked == ["r", "r"]


def test_what_cannot_be_counted_is_unknown_and_asked_for_again(counted, clock, monkeypatch):
    found, _ = counted

    def fail(*_):
        raise OSError("the lake is away")

    monkeypatch.setattr(module, "look", fail)
    assert found.of(ROW) is None
    monkeypatch.setattr(module, "look", lambda *_: "seen")
    clock.now = FRESH_S + 1
    assert found.of(ROW) is None
    found.close()
