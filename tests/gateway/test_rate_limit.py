"""A rate holds over all workers together, whatever the interleaving."""

import subprocess
import sys
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.rate_limit import Bucket, RateLimiter

EXACT = 1 / 64  # seconds that binary fractions hold exactly, as do integer rates
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0, 0, 0, 1, 8, 64])),
    min_size=60,
    max_size=200,
)
GIVEN = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def buckets(folder, rate, workers, started=0.0):
    path = folder / f"rate-{time.monotonic_ns()}"
    return [Bucket(path, rate, slot, 4, started) for slot in range(workers)]


@GIVEN
@given(rate=st.integers(1, 20), workers=st.integers(1, 4), steps=STEPS)
def test_workers_that_take_turns_are_one_exact_token_bucket(tmp_path, rate, workers, steps):
    shared = buckets(tmp_path, rate, workers)
    tokens, now = float(rate), 0.0
    for worker, wait in steps:
        now += wait * EXACT
        tokens = min(float(rate), tokens + wait * EXACT * rate)
        admitted = shared[worker % workers].take(now)
        assert admitted == (tokens >= 1)
        tokens -= admitted


@GIVEN
@given(rate=st.integers(1, 5), workers=st.integers(2, 4), steps=STEPS)
def test_no_interleaving_admits_more_than_rate_and_burst_and_one_per_other_worker(
    tmp_path, rate, workers, steps
):
    """Each worker looks in one step and books in a later one: every order of the two."""
    shared = buckets(tmp_path, rate, workers)
    seen: dict[int, float] = {}
    admitted: list[float] = []
    now = 0.0
    for step, wait in steps:
        now += wait * EXACT
        worker = step % workers
        if worker in seen:
            shared[worker].book(seen.pop(worker))
            continue
        forfeited = shared[worker].look(now)
        if forfeited is not None:
            seen[worker] = forfeited
            admitted.append(now)
    for first, since in enumerate(admitted):
        for count, until in enumerate(admitted[first:], start=1):
            assert count <= rate + rate * (until - since) + (workers - 1)


def test_whoever_takes_a_slot_again_goes_on_where_its_holder_stopped(tmp_path):
    first = RateLimiter(tmp_path, 0, 4)
    assert [first.take("key", 3, 10.0) for _ in range(4)] == [True, True, True, False]
    first.close()
    again = RateLimiter(tmp_path, 0, 4)
    assert not again.take("key", 3, 10.0)
    assert again.take("key", 3, 10.5)
    assert RateLimiter(tmp_path, 1, 4).take("another", 3, 10.0)


def test_a_changed_rate_neither_owes_nor_inherits(tmp_path):
    limiter = RateLimiter(tmp_path, 0, 2)
    assert sum(limiter.take("key", 100, 0.0) for _ in range(200)) == 100
    assert sum(limiter.take("key", 2, 1000.0) for _ in range(200)) == 2
    assert sum(limiter.take("key", 100, 1000.0) for _ in range(200)) == 100


def test_a_rate_below_one_a_second_admits_one_at_a_time(tmp_path):
    limiter = RateLimiter(tmp_path, 0, 2)
    admitted = [limiter.take("key", 0.5, second) for second in (0, 1, 2, 3, 4)]
    assert admitted == [True, False, True, False, True]


HAMMER = """
import sys, time
from pathlib import Path
from gateway.rate_limit import RateLimiter
limiter = RateLimiter(Path(sys.argv[1]), int(sys.argv[2]), 4)
print("ready", flush=True)
admitted, until = 0, float(sys.stdin.readline())
while time.monotonic() < until:
    admitted += limiter.take("key", 500, time.monotonic())
print(admitted)
"""


def test_processes_that_hammer_one_key_share_its_rate(tmp_path):
    commands = [[sys.executable, "-c", HAMMER, str(tmp_path), str(n)] for n in range(3)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes) for command in commands]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 3
    started = time.monotonic()
    until = started + 0.5
    for process in running:
        process.stdin.write(f"{until}\n")
        process.stdin.flush()
    admitted = sum(int(process.communicate(timeout=60)[0]) for process in running)
    assert 0 < admitted <= 500 + 500 * (until - started) + 2


def test_buckets_of_keys_that_are_gone_are_let_go_and_keep_what_they_had_left(tmp_path):
    limiter = RateLimiter(tmp_path, slot=0, places=1)
    assert limiter.take("kept", 1, now=0.0)
    assert limiter.take("gone", 1, now=0.0)
    limiter.keep({("kept", 1), ("never asked", 5)})
    assert set(limiter._buckets) == {("kept", 1)}
    assert not limiter.take("kept", 1, now=0.5)
    assert not limiter.take("gone", 1, now=0.5)
    limiter.close()
