import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from load_tests.processes import cpu_seconds, freeze, memory, thaw, tree

SLEEPER = "import subprocess, sys; subprocess.run(['sleep', '60'])"


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def parent():
    process = subprocess.Popen([sys.executable, "-c", SLEEPER])
    until(lambda: len(tree([process.pid])) == 2)
    started = tree([process.pid])
    yield process.pid
    for one in started:
        one.kill()
    process.wait()


def test_a_frozen_tree_stands_still_until_thawed(parent):
    pids = [process.pid for process in tree([parent])]
    freeze([parent])
    until(lambda: all(state(pid) == "T" for pid in pids))
    thaw([parent])
    until(lambda: all(state(pid) == "S" for pid in pids))


def test_cpu_time_of_a_tree_grows_with_its_work(parent):
    before = cpu_seconds([parent])
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    until(lambda: cpu_seconds([parent, spinner.pid]) > before + 0.1)
    spinner.kill()
    spinner.wait()
    assert cpu_seconds([spinner.pid]) == 0


def test_memory_is_told_for_each_process(parent):
    found = memory([parent])
    assert len(found) == 2
    assert found[0]["pss_mb"] > found[1]["pss_mb"] > 0
    assert "sleep" in found[1]["process"]


def test_a_process_that_ended_is_left_out():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert tree([ended.pid]) == []
    assert os.getpid() in [process.pid for process in tree([os.getpid()])]
