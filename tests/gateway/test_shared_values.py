"""Numbers in a file: what is read is what was counted, also after the counter's death."""

import os
import signal
import subprocess
import sys

import pytest

from gateway import shared_values
from gateway.histogram import Histogram
from gateway.sample import Over
from gateway.shared_values import Key, SharedValues, read
from gateway.totals import Totals
from gateway.worker_slot import WorkerSlot

COUNTER = Key("calls_total", "Calls.", (("model", 'fraud "ü"'),))


def gauge(over):
    return Key("waiting", "Waiting.", (), (), over)


@pytest.fixture
def slot(tmp_path):
    taken = WorkerSlot.take(tmp_path, 8)
    yield taken
    taken.release()


def test_what_was_counted_is_read(slot):
    shared = SharedValues(slot)
    shared.cells(COUNTER)[0] += 3
    histogram = Histogram(shared, "seconds", "Seconds.", {"model": "fraud"}, (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.observe(value)
    found = dict(read(slot.path))
    assert found[COUNTER] == [3.0]
    assert found[Key("seconds", "Seconds.", (("model", "fraud"),), (0.1, 1.0))] == [2, 1, 1, 7.65]


def test_the_next_holder_goes_on_with_counters_and_without_gauges(tmp_path):
    first = WorkerSlot.take(tmp_path, 1)
    shared = SharedValues(first)
    shared.cells(COUNTER)[0] += 3
    shared.cells(gauge(Over.MAX))[0] = 9
    first.release()
    dead = Totals.of(tmp_path)
    assert dead.values == {COUNTER: [3.0]}
    assert dead.workers == 0
    second = WorkerSlot.take(tmp_path, 1)
    SharedValues(second).cells(COUNTER)[0] += 1
    assert Totals.of(tmp_path).values == {COUNTER: [4.0]}
    second.release()


@pytest.mark.parametrize(("over", "expected"), [(Over.SUM, 12), (Over.MAX, 9), (Over.MIN, 3)])
def test_gauges_of_the_living_are_combined(tmp_path, over, expected):
    taken = [WorkerSlot.take(tmp_path, 8) for _ in range(2)]
    for slot, value in zip(taken, (9, 3), strict=True):
        SharedValues(slot).cells(gauge(over))[0] = value
    totals = Totals.of(tmp_path)
    assert totals.values[gauge(over)] == [expected]
    assert totals.workers == 2
    for slot in taken:
        slot.release()


def test_a_full_file_leaves_new_names_out_and_keeps_the_others(slot, monkeypatch):
    monkeypatch.setattr(shared_values, "FILE_BYTES", 4096)
    shared = SharedValues(slot)
    shared.cells(COUNTER)[0] += 1
    for number in range(100):
        shared.cells(Key("many_total", "Many.", (("number", str(number)),)))[0] += 1
    shared.cells(COUNTER)[0] += 1
    found = dict(read(slot.path))
    assert found[COUNTER] == [2.0]
    assert 10 < len(found) < 101


COUNT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from gateway.shared_values import Key, SharedValues
from gateway.worker_slot import WorkerSlot
shared = SharedValues(WorkerSlot.take(Path(sys.argv[1]), 8))
for number in range(500):
    shared.cells(Key("calls_total", "Calls.", (("n", str(number % 7)),)))[0] += 1
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_no_count(tmp_path):
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", COUNT_AND_DIE, str(tmp_path)], check=False, env={**os.environ}
        )
        assert done.returncode == -signal.SIGKILL
    assert Totals.of(tmp_path).count("calls_total") == 1000
    assert Totals.of(tmp_path).by("calls_total", "n")["0"] == 2 * 72
