"""Slots: nobody alive shares one, and the dead leave theirs."""

import os
import subprocess
import sys

import pytest

from bentos.contract.errors import ContractError
from gateway.worker_slot import WorkerSlot, clear, is_held, slots

HOLDER = """
import sys, time
from pathlib import Path
from gateway.worker_slot import WorkerSlot
print(WorkerSlot.take(Path(sys.argv[1]), 2).number, flush=True)
time.sleep(60)
"""


def holder(folder):
    command = [sys.executable, "-c", HOLDER, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_the_living_have_different_slots_and_a_killed_holder_leaves_its_own(tmp_path):
    mine = WorkerSlot.take(tmp_path, 2)
    other = holder(tmp_path)
    try:
        assert mine.number == 0
        assert other.stdout.readline() == "1\n"
        assert [is_held(path) for path in slots(tmp_path)] == [True, True]
        with pytest.raises(ContractError, match="a free one of 2 slot places"):
            WorkerSlot.take(tmp_path, 2)
    finally:
        other.kill()
        other.communicate()
    assert [is_held(path) for path in slots(tmp_path)] == [True, False]
    again = WorkerSlot.take(tmp_path, 2)
    assert again.number == 1
    for slot in (mine, again):
        slot.release()


def test_a_second_gateway_of_the_same_name_is_refused(tmp_path):
    slot = WorkerSlot.take(tmp_path, 2)
    lock = clear(tmp_path)
    assert slots(tmp_path) == []
    with pytest.raises(ContractError, match="SIGNALBOX_GATEWAY_ID"):
        clear(tmp_path)
    os.close(lock)
    slot.release()
