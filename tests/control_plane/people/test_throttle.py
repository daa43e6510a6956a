from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from control_plane.people.throttle import FORGOTTEN_AFTER, Rule, after_attempt, wait_s

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULE = Rule(free=3, most_s=10)


def waits(rule, attempts):
    """Seconds of waiting after each attempt of somebody who tries as soon as they may."""
    count, now, found = None, NOW, []
    for _ in range(attempts):
        count = after_attempt(rule, count, now)
        found.append(wait_s(count, now))
        now += timedelta(seconds=found[-1])
    return found


def test_waits_grow_from_the_first_that_is_not_free():
    assert waits(RULE, 8) == [0, 0, 1, 2, 4, 8, 10, 10]


@given(st.integers(1, 100), st.integers(1, 10**6), st.integers(1, 300))
def test_a_wait_never_shrinks_nor_exceeds_the_most(free, most_s, attempts):
    found = waits(Rule(free, most_s), attempts)
    assert found == sorted(found)
    assert max(found) <= most_s


def test_a_source_never_seen_waits_not_at_all():
    assert wait_s(None, NOW) == 0


def test_a_day_without_attempts_is_a_new_start():
    count = None
    for _ in range(9):
        count = after_attempt(RULE, count, NOW)
    rested = count.blocked_until + FORGOTTEN_AFTER
    later = after_attempt(RULE, count, rested)
    assert (later.failures, wait_s(later, later.last_at)) == (1, 0)
    still = after_attempt(RULE, count, rested - timedelta(seconds=1))
    assert still.failures == 10
