import json
import os
import subprocess
import sys

import pytest

from demo.board import Board
from demo.memory import MemorySampler, pss_bytes, recorded_pids, tree


@pytest.fixture
def sleeper(tmp_path):
    socket = str(tmp_path / "w.sock")
    popen = subprocess.Popen([sys.executable, "-c", "input()", socket], stdin=subprocess.PIPE)
    yield popen, socket
    popen.communicate(b"\n")


def test_the_tree_holds_this_process_and_its_children(sleeper):
    assert {os.getpid(), sleeper[0].pid} <= tree(iter(()))


def test_a_process_weighs_something_and_a_gone_one_nothing(sleeper):
    assert pss_bytes(os.getpid()) > 1_000_000
    assert pss_bytes(2**22 + 1) == 0


def test_a_recorded_pid_counts_only_while_it_is_that_worker(tmp_path, sleeper):
    popen, socket = sleeper
    for name, pid, path in (("a", popen.pid, socket), ("b", os.getpid(), socket)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"pid": pid, "socket": path}))
    (tmp_path / "c.json").write_text("{")
    assert list(recorded_pids(tmp_path)) == [popen.pid]


def test_the_peak_is_the_largest_sample(tmp_path):
    board = Board(lines=False)
    sampler = MemorySampler(tmp_path, board)
    sampler.start()
    sampler.sample()
    sampler.stop()
    assert sampler.peak_bytes >= board.memory_bytes > 0
