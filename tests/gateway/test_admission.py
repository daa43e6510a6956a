"""Admission told events with their times: what it may never do, and what a crowd makes of it."""

import heapq
import random

from hypothesis import given
from hypothesis import strategies as st

from gateway.admission import INTERVAL_S, MEMORY_S, RETRY_AFTER_S, Admission

ROOM = 4
STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "leave"]), st.floats(0, 0.2)), min_size=1, max_size=200
)


def entered(admission, count, now):
    return [admission.enters(now) for _ in range(count)]


def test_a_burst_on_an_idle_gateway_is_taken_whatever_its_size():
    admission = Admission(ROOM)
    assert all(entered(admission, 100 * ROOM, now=5.0))


def test_a_queue_that_stands_is_refused_and_no_longer_than_it_does():
    admission = Admission(ROOM)
    entered(admission, 2 * ROOM, now=0.0)
    assert admission.enters(0.9 * INTERVAL_S)
    assert not admission.enters(1.1 * INTERVAL_S)
    for _ in range(ROOM + 2):
        admission.leaves(0.2)
    assert admission.enters(0.2)


def test_until_the_refused_had_time_to_come_back_no_queue_is_a_burst():
    admission = Admission(ROOM)
    entered(admission, ROOM + 1, now=0.0)
    assert not admission.enters(1.0)
    admission.leaves(1.0)
    admission.leaves(1.0)
    assert entered(admission, 3, now=1.1) == [True, False, False]
    admission.leaves(1.2)
    later = 1.1 + MEMORY_S
    assert all(entered(admission, 10 * ROOM, later))


def test_a_queue_that_is_gone_is_forgotten_and_a_burst_is_a_burst_again():
    admission = Admission(ROOM)
    entered(admission, ROOM + 1, now=0.0)
    assert not admission.enters(1.0)
    for _ in range(ROOM + 1):
        admission.leaves(1.0)
    # Not for a moment's sake: a batch that was answered is no end.
    assert entered(admission, ROOM + 1, now=1.01) == [True] * ROOM + [False]
    for _ in range(ROOM):
        admission.leaves(1.02)
    for burst in range(1, 20):
        assert all(entered(admission, 10 * ROOM, now=1.1 + burst))
        for _ in range(10 * ROOM):
            admission.leaves(1.15 + burst)


def test_calls_that_wait_for_another_version_than_stable_are_no_queue():
    admission = Admission(ROOM)
    entered(admission, 2 * ROOM, now=0.0)
    for _ in range(2 * ROOM):
        admission.goes_away(0.0)
    # A burst for stable, which is idle, is taken, however long the others have been away.
    assert all(entered(admission, 2 * ROOM, 1.0))
    for _ in range(2 * ROOM):
        admission.leaves(1.05)
    # All fall back at one moment: stable has had none of them until now.
    for _ in range(2 * ROOM):
        admission.comes_back(1.1)
    assert admission.enters(1.1)
    assert not admission.enters(1.1 + INTERVAL_S)


@given(STEPS)
def test_it_refuses_only_where_a_queue_stood_or_others_were_refused_lately(steps):
    admission, now, calm_at, refused_at = Admission(ROOM), 0.0, float("-inf"), float("-inf")
    for kind, pause in steps:
        now += pause
        before = admission.calls
        if kind == "leave":
            if before:
                admission.leaves(now)
                assert admission.calls == before - 1
        elif admission.enters(now):
            assert admission.calls == before + 1
            stood = before >= ROOM and now - calm_at >= INTERVAL_S
            assert not stood
        else:
            assert admission.calls == before >= ROOM
            assert now - calm_at >= INTERVAL_S or now - refused_at < MEMORY_S
            refused_at = now
        if min(before, admission.calls) < ROOM:
            calm_at = now


@given(st.integers(2, 40), st.integers(0, 1000))
def test_a_crowd_that_comes_back_keeps_it_busy_and_its_queue_short(times, seed):
    """A closed loop of ``times`` as many callers as may stay, before a server of one call a ms."""
    service_s, room, end_s = 0.001, 20, 8.0
    draw, admission = random.Random(seed), Admission(room)
    events = [(0.0, number, "send") for number in range(times * room)]
    heapq.heapify(events)
    free_at, answered, longest = 0.0, 0, 0
    while events[0][0] < end_s:
        now, number, what = heapq.heappop(events)
        if what == "answer":
            admission.leaves(now)
            answered += 1
            heapq.heappush(events, (now, number, "send"))
        elif admission.enters(now):
            free_at = max(free_at, now) + service_s
            heapq.heappush(events, (free_at, number, "answer"))
        else:
            pause = draw.choice(RETRY_AFTER_S) * (1 + 0.5 * draw.random())
            heapq.heappush(events, (now + pause, number, "send"))
        if now > times * room * service_s + INTERVAL_S:
            longest = max(longest, admission.calls)
    assert answered * service_s >= 0.98 * end_s
    assert longest <= room
