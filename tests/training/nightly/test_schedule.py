"""The schedule as a process: what it misses, what it is killed in, how it stops."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.training.made_up_shop import ROOT
from training.nightly import schedule_state
from training.nightly.schedule_state import ScheduleState

EACH_MINUTE = "* * * * *"
# A night that leaves a mark, takes a while, and ends with the code it is told.
RUN = """
import logging, sys, time
from pathlib import Path
from zoneinfo import ZoneInfo
from training.nightly import lock
from training.nightly.due import Cron
from training.nightly.schedule import Schedule
lake, cron, seconds, code = Path(sys.argv[1]), *sys.argv[2:5]
night = (
    "import sys, time, pathlib;"
    "place = pathlib.Path(sys.argv[1]);"
    "open(place / 'begun', 'a').write('x');"
    "time.sleep(float(sys.argv[2]));"
    "open(place / 'ended', 'a').write('x');"
    "sys.exit(int(sys.argv[3]))"
)
command = (sys.executable, "-c", night, str(lake), seconds, code)
erase = "import pathlib, sys; pathlib.Path(sys.argv[1]).replace(sys.argv[2])"
asked, erased = lake / "asked", lake / "erased"
redact = (sys.executable, "-c", erase, str(asked), str(erased))
with lock.held(lake, "schedule"):
    schedule = Schedule(
        lake,
        Cron(cron, ZoneInfo("UTC")),
        (cron, "UTC"),
        command,
        waiting=asked.exists,
        redact=redact,
    )
    schedule.run()
"""


class Running:
    def __init__(self, lake, cron="0 0 1 1 *", seconds="0", code="0"):
        self.lake = lake
        command = [sys.executable, "-c", RUN, str(lake), cron, seconds, code]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ})

    def until(self, condition, within_s=60):
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, "never happened"
            assert self.process.poll() is None, "the schedule ended"
            time.sleep(0.02)

    def marks(self, name):
        path = self.lake / name
        return len(path.read_text()) if path.is_file() else 0

    def state(self):
        return schedule_state.load(self.lake)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(60)


@pytest.fixture
def start(tmp_path):
    running = []

    def begin(**options):
        running.append(Running(tmp_path, **options))
        return running[-1]

    yield begin
    for each in running:
        if each.process.poll() is None:
            each.stop(signal.SIGKILL)


def remember(lake, ago, cron="0 0 1 1 *", **more):
    seen = datetime.now(UTC) - ago
    schedule_state.save(lake, ScheduleState(seen=seen, cron=cron, zone="UTC", **more))


def test_missed_nights_are_made_up_for_once(tmp_path, start):
    remember(tmp_path, timedelta(days=3 * 366))
    schedule = start()
    schedule.until(lambda: schedule.state().next is not None)
    state = schedule.state()
    assert schedule.marks("ended") == 1
    assert [run.exit_code for run in state.runs] == [0]
    assert state.seen == state.runs[0].due
    assert state.next > datetime.now(UTC)
    assert schedule.stop() == 0
    # Started again, there is nothing to make up for.
    again = start()
    time.sleep(1.5)
    assert again.marks("begun") == 1
    assert again.stop() == 0


def test_a_first_start_has_missed_nothing(tmp_path, start):
    schedule = start()
    schedule.until(lambda: schedule.state() is not None)
    assert schedule.marks("begun") == 0
    assert schedule.stop() == 0


def test_who_asks_to_be_erased_does_not_wait_for_the_night(tmp_path, start):
    (tmp_path / "asked").touch()
    schedule = start()
    schedule.until((tmp_path / "erased").exists)
    assert schedule.marks("begun") == 0
    assert schedule.stop() == 0


def test_another_schedule_makes_up_for_nothing_of_the_old_one(tmp_path, start):
    remember(tmp_path, timedelta(days=800), cron="0 1 * * *")
    schedule = start()
    schedule.until(lambda: schedule.state().next is not None)
    assert schedule.marks("begun") == 0
    assert schedule.stop() == 0


def test_a_night_that_failed_is_over_and_written_down(tmp_path, start):
    remember(tmp_path, timedelta(days=400))
    schedule = start(code="3")
    schedule.until(lambda: schedule.state().next is not None)
    assert schedule.state().runs[0].exit_code == 3
    assert schedule.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_night_broken_off_with_its_schedule_is_due_still(tmp_path, start, how):
    remember(tmp_path, timedelta(days=400))
    schedule = start(seconds="3" if how is signal.SIGKILL else "30")
    schedule.until(lambda: schedule.marks("begun") == 1)
    schedule.stop(how)
    state = schedule.state()
    assert state.seen < state.runs[0].due
    again = start()
    again.until(lambda: again.state().next is not None)
    assert again.state().seen == state.runs[0].due
    assert again.marks("begun") == 2
    assert again.stop() == 0


def test_a_second_schedule_of_a_lake_ends_at_once(tmp_path, start):
    first = start()
    first.until(lambda: first.state() is not None)
    second = start()
    assert second.process.wait(60) != 0
    assert first.process.poll() is None


@pytest.mark.slow
def test_it_runs_when_it_is_due(tmp_path, start):
    schedule = start(cron=EACH_MINUTE)
    schedule.until(lambda: schedule.marks("ended") == 1, within_s=70)
    run = schedule.state().runs[0]
    assert timedelta(0) <= run.started_at - run.due < timedelta(seconds=2)
    assert schedule.stop() == 0


def test_a_state_that_cannot_be_read_begins_anew(tmp_path):
    remember(tmp_path, timedelta(days=1))
    assert schedule_state.load(tmp_path) is not None
    (tmp_path / "runs/nightly/schedule.json").write_text("{")
    assert schedule_state.load(tmp_path) is None


def test_only_the_last_month_of_runs_is_remembered():
    state = ScheduleState(seen=datetime.now(UTC), cron="x", zone="UTC")
    run = schedule_state.Ran(due=state.seen, started_at=state.seen)
    for _ in range(50):
        state = state.started(run)
    assert len(state.runs) == 30
    ended = msgspec.structs.replace(run, exit_code=0)
    assert state.ended(ended, settled=False).runs[-1].exit_code == 0
