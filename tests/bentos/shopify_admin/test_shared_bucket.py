import multiprocessing
import os
import signal
import threading
import time

import pytest

from bentos.shopify_admin.bucket import Bucket, Reading
from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.shared_bucket import Impatient, SharedBucket

SHOP = "demo.myshopify.com"
FULL = Reading(0.0, 2000.0, 2000.0, 100.0)


@pytest.fixture
def held(tmp_path, steps):
    return SharedBucket(tmp_path, SHOP, clock=steps)


def test_what_one_takes_is_missing_for_the_next_and_comes_back(held, tmp_path, steps):
    held.settle(held.take(10, flight_s=60), FULL)
    turn = held.take(1950, flight_s=60)
    other = SharedBucket(tmp_path, SHOP, clock=steps)
    before = steps.passed
    other.take(100, flight_s=60)
    assert steps.passed - before == pytest.approx(0.5)
    held.settle(turn, Reading(200.0, 1700.0, 2000.0, 100.0))
    assert other.look().level == pytest.approx(1700.0)


def test_each_app_has_its_own(held, tmp_path, steps):
    held.take(900, flight_s=60)
    assert SharedBucket(tmp_path, SHOP, "another", clock=steps).look().level == 1000.0


def test_who_will_not_wait_so_long_leaves_the_line(held, steps):
    held.take(1000, flight_s=60)
    with pytest.raises(Impatient, match="500 points"):
        held.take(500, flight_s=60, until=steps.monotonic() + 3)
    assert held.look().line == ()


@pytest.mark.parametrize("content", [b"", b"{", b"\x00" * 300, b'{"level": "x"}\n', b"[]\n"])
def test_a_torn_file_is_begun_anew(held, tmp_path, content):
    held.take(900, flight_s=60)
    [path] = (tmp_path / "run" / "shopify").glob("*.bucket")
    path.write_bytes(content)
    assert held.look() == Bucket(at=5000.0)
    held.take(900, flight_s=60)


def test_a_shorter_text_over_a_longer_one_is_whole(held, tmp_path):
    turns = [held.take(1, flight_s=60) for _ in range(20)]
    for turn in turns:
        held.settle(turn, FULL)
    [path] = (tmp_path / "run" / "shopify").glob("*.bucket")
    # As a writer leaves it that was killed between writing and cutting off.
    path.write_bytes(path.read_bytes() + b'"flights":[]}')
    assert held.look().flights == ()


def _take_for_ever(home, clock, started):
    held = SharedBucket(home, SHOP, clock=AcceleratedClock.of(clock))
    # A point a second: waiting in line for these takes ten minutes.
    held.settle(held.take(600, flight_s=60), Reading(0.0, 400.0, 2000.0, 1.0))
    started.set()
    held.take(1000, flight_s=60)


@pytest.mark.slow
def test_a_process_that_is_killed_in_line_holds_nobody_up(tmp_path):
    clock = AcceleratedClock.starting(1.0)
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    worker = context.Process(target=_take_for_ever, args=(tmp_path, clock.to_json(), started))
    worker.start()
    assert started.wait(60)
    held = SharedBucket(tmp_path, SHOP, clock=clock)
    until = time.monotonic() + 30
    while not held.look().line and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    began = time.monotonic()
    held.take(300, flight_s=60)
    assert 2 < time.monotonic() - began < 15


def test_threads_do_not_take_the_same_points(tmp_path):
    held = SharedBucket(tmp_path, SHOP, clock=AcceleratedClock.starting(100.0))
    held.settle(held.take(1, flight_s=60), Reading(1.0, 0.0, 2000.0, 100.0))
    began = time.monotonic()
    threads = [
        threading.Thread(target=held.take, args=(100,), kwargs={"flight_s": 60}) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # 2,000 points at a hundred a second, a hundred times as fast.
    assert 0.18 <= time.monotonic() - began < 60
