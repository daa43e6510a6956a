"""Planning against a bucket that is simulated as Shopify describes it, with delays on the way."""

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.shopify_admin import bucket as planning
from bentos.shopify_admin.bucket import Bucket, Reading

FLIGHT_S = 60.0


class Theirs:
    """Shopify's: lets in what fits, and gives back what was not used."""

    def __init__(self, capacity, rate, now, level=None):
        self.capacity, self.rate, self.now = capacity, rate, now
        self.level = capacity if level is None else level
        self.lowest, self.lost, self.throttled = self.level, 0.0, 0

    def refill(self, now):
        raised = self.level + (now - self.now) * self.rate
        self.lost += max(0.0, raised - self.capacity)
        self.level, self.now = min(self.capacity, raised), now

    def run(self, requested, actual, now):
        self.refill(now)
        if requested > self.level:
            self.throttled += 1
            return Reading(0.0, float(int(self.level)), self.capacity, self.rate)
        self.lowest = min(self.lowest, self.level - requested)
        self.level -= actual
        return Reading(float(actual), float(int(self.level)), self.capacity, self.rate)


def simulate(theirs, jobs, *, workers, delay, ours=None):
    """Workers do (requested, actual) jobs as fast as the plan lets them; the end, and the waits."""
    held = ours or Bucket(at=0.0)
    events = [(0.0, number, "ask", None) for number in range(workers)]
    order, jobs, waited, end = workers, list(jobs), [], 0.0
    while events:
        now, _, kind, extra = heapq.heappop(events)
        order += 1
        if kind == "ask":
            if extra is None:
                if not jobs:
                    continue
                extra = (None, *jobs.pop(), now)
            number, requested, actual, since = extra
            held, turn = planning.ask(held, number, requested, now, now, FLIGHT_S)
            if turn.wait_s is None:
                waited.append(now - since)
                sent = (turn.id, requested, actual)
                heapq.heappush(events, (now + delay(), order, "arrive", sent))
            else:
                again = (turn.id, requested, actual, since)
                heapq.heappush(events, (now + turn.wait_s, order, "ask", again))
        elif kind == "arrive":
            turn_id, requested, actual = extra
            before = theirs.throttled
            reading = theirs.run(requested, actual, now)
            retry = theirs.throttled > before
            back = (turn_id, requested, actual, reading, retry)
            heapq.heappush(events, (now + delay(), order, "back", back))
        else:
            turn_id, requested, actual, reading, retry = extra
            held = planning.settle(held, turn_id, reading, now)
            job = (None, requested, actual, now) if retry else None
            heapq.heappush(events, (now, order, "ask", job))
            end = now
    return end, waited, held


def delays(seed, longest=0.4):
    chance = random.Random(seed)
    return lambda: chance.uniform(0.001, longest)


@pytest.mark.parametrize("plan", [(2000.0, 100.0), (4000.0, 200.0), (20000.0, 1000.0)])
def test_one_who_pages_uses_all_there_is_and_is_never_throttled(plan):
    theirs = Theirs(*plan, now=0.0)
    jobs = [(252, 160)] * 2000
    end, _, _ = simulate(theirs, jobs, workers=4, delay=delays(1))
    assert theirs.throttled == 0
    assert theirs.lowest >= 0
    spent = 160 * 2000
    assert spent / (end * plan[1] + plan[0]) >= 0.97


def test_who_waits_goes_as_soon_as_another_gives_back():
    held = Bucket(level=900.0, capacity=2000.0, rate=1.0)
    held, away = planning.ask(held, None, 900.0, 0.0, 0.0, FLIGHT_S)
    held, turn = planning.ask(held, None, 500.0, 0.0, 0.0, FLIGHT_S)
    held = planning.settle(held, away.id, Reading(100.0, 800.0, 2000.0, 1.0), 0.1)
    now = turn.wait_s
    assert now <= 0.2, "500 s without what comes back"
    assert planning.ask(held, turn.id, 500.0, now, now, FLIGHT_S)[1].wait_s is None


def test_a_wait_is_exactly_what_is_missing():
    held = Bucket(level=50.0, capacity=2000.0, rate=100.0, at=10.0)
    held, turn = planning.ask(held, None, 120.0, 10.0, 0.0, FLIGHT_S)
    assert turn.wait_s == pytest.approx(0.7)
    held, again = planning.ask(held, turn.id, 120.0, 10.0 + 0.7, 0.7, FLIGHT_S)
    assert again.wait_s is None
    assert held.level == pytest.approx(0.0)
    assert held.line == ()


def test_a_large_request_is_not_overtaken_for_ever():
    held = Bucket(level=100.0, capacity=2000.0, rate=100.0)
    held, large = planning.ask(held, None, 900.0, 0.0, 0.0, FLIGHT_S)
    held, small = planning.ask(held, None, 10.0, 0.0, 0.0, FLIGHT_S)
    assert large.wait_s
    assert small.wait_s, "whoever came first goes first"
    for second in range(1, 20):
        held, small = planning.ask(held, small.id, 10.0, float(second), float(second), FLIGHT_S)
        held, large = planning.ask(held, large.id, 900.0, float(second), float(second), FLIGHT_S)
        if large.wait_s is None:
            break
    assert second == 8


def test_who_died_in_line_or_on_the_way_is_forgotten():
    held = Bucket(level=0.0, capacity=2000.0, rate=100.0)
    held, _ = planning.ask(held, None, 900.0, 0.0, 0.0, FLIGHT_S)
    held, other = planning.ask(held, None, 5.0, 2.5, 2.5, FLIGHT_S)
    assert other.wait_s, "the one of 900 may still come back"
    held, alive = planning.ask(held, None, 100.0, 3.5, 3.5, FLIGHT_S)
    assert alive.wait_s is None
    assert len(held.flights) == 1
    held, _ = planning.ask(held, None, 1.0, 100.0, 100.0, FLIGHT_S)
    assert [flight.cost for flight in held.flights] == [1.0]


def test_a_request_without_an_answer_counts_as_used_until_shopify_says_otherwise():
    held = Bucket(level=500.0, capacity=2000.0, rate=100.0)
    held, turn = planning.ask(held, None, 300.0, 0.0, 0.0, FLIGHT_S)
    held = planning.settle(held, turn.id, None, 0.0)
    assert held.level == 200.0
    held, turn = planning.ask(held, None, 100.0, 0.0, 0.0, FLIGHT_S)
    held = planning.settle(held, turn.id, Reading(10.0, 490.0, 2000.0, 100.0), 0.0)
    assert held.level == 490.0


def test_a_bucket_holds_no_more_than_it_can():
    held = Bucket(level=1990.0, capacity=2000.0, rate=100.0)
    held, _ = planning.ask(held, None, 500.0, 3600.0, 3600.0, FLIGHT_S)
    assert held.level == 1500.0


def test_what_never_left_is_given_back():
    held = Bucket(level=500.0, capacity=2000.0, rate=100.0)
    held, turn = planning.ask(held, None, 300.0, 0.0, 0.0, FLIGHT_S)
    assert planning.give_up(held, turn.id).level == 500.0


def test_nobody_goes_while_the_shop_wants_to_be_left_alone():
    held = planning.close(Bucket(level=1000.0), 30.0, 100.0)
    for now in (100.0, 115.0, 129.9):
        held, turn = planning.ask(held, None, 1.0, now, now, FLIGHT_S)
        assert turn.wait_s
        held = planning.give_up(held, turn.id)
    assert planning.ask(held, None, 1.0, 130.1, 130.1, FLIGHT_S)[1].wait_s is None


def test_a_clock_that_began_anew_gives_nothing():
    held = Bucket(level=5.0, capacity=2000.0, rate=100.0, at=90_000.0)
    held, turn = planning.ask(held, None, 10.0, 3.0, 3.0, FLIGHT_S)
    assert turn.wait_s == pytest.approx(0.05)


@settings(max_examples=150, deadline=None)
@given(
    jobs=st.lists(
        st.tuples(st.integers(1, 1000), st.floats(0, 1)).map(lambda job: (job[0], job[0] * job[1])),
        min_size=1,
        max_size=60,
    ),
    workers=st.integers(1, 6),
    seed=st.integers(0, 10**6),
    level=st.floats(1000, 2000),
)
def test_alone_on_a_shop_nothing_is_ever_throttled(jobs, workers, seed, level):
    theirs = Theirs(2000.0, 100.0, 0.0, level)
    _, waited, held = simulate(theirs, jobs, workers=workers, delay=delays(seed))
    assert theirs.throttled == 0
    assert theirs.lowest >= -1e-6
    assert len(waited) == len(jobs), "everyone got through"
    assert (held.flights, held.line) == ((), ())


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), drained=st.floats(0, 1500))
def test_with_a_stranger_on_the_same_bucket_it_comes_right_again(seed, drained):
    theirs = Theirs(2000.0, 100.0, 0.0, 2000 - drained)
    ours = Bucket(level=1000.0, at=0.0)
    _, waited, _ = simulate(theirs, [(400, 100)] * 12, workers=3, delay=delays(seed), ours=ours)
    # Each who was sent before the first answer may be refused, nobody after.
    assert theirs.throttled <= 3
    assert len(waited) == 12 + theirs.throttled
