from hypothesis import given
from hypothesis import strategies as st

from control_plane.fleet.backoff import Backoff
from control_plane.fleet.replica import Key, Phase, exited, probed, started

KEY = Key(version="fraud:20260101-00000000", index=0, bento_digest="a" * 64)
BACKOFF = Backoff()


def ready_since(now: float):
    return probed(started(None, KEY, now), True, now, BACKOFF)


def test_a_ready_answer_makes_a_starting_worker_ready():
    assert ready_since(5.0).phase is Phase.READY


def test_failed_probes_count_in_a_row_only():
    replica = ready_since(0.0)
    for _ in range(3):
        replica = probed(replica, False, 1.0, BACKOFF)
    assert replica.failed_probes == 3
    assert probed(replica, True, 2.0, BACKOFF).failed_probes == 0


def test_every_exit_in_a_row_waits_longer():
    replica, waits = started(None, KEY, 0.0), []
    for _ in range(12):
        replica = exited(replica, 1, 0.0, BACKOFF, spread=0.999999)
        assert replica is not None
        waits.append(replica.not_before)
        replica = started(replica, KEY, 0.0)
    assert waits == sorted(waits)
    assert round(waits[0], 3) == 0.2
    assert round(waits[-1], 3) == 30.0
    assert replica.restarts == 12


def test_a_minute_of_health_forgets_earlier_failures():
    replica = started(None, KEY, 0.0)
    for _ in range(8):
        replica = started(exited(replica, 1, 0.0, BACKOFF, 0.0), KEY, 0.0)
    replica = probed(replica, True, 0.0, BACKOFF)
    after = exited(replica, -9, 60.0, BACKOFF, spread=0.0)
    assert after is not None
    assert after.failures == 1
    assert after.not_before == 60.0 + 0.1
    assert after.problem == "ended by signal 9"
    healthy = probed(replica, True, 60.0, BACKOFF)
    assert (healthy.failures, healthy.problem, healthy.restarts) == (0, None, 8)


def test_a_digest_mismatch_is_not_startable_and_waits_long():
    after = exited(started(None, KEY, 0.0), 3, 0.0, BACKOFF, spread=0.0)
    assert after is not None
    assert after.not_before == BACKOFF.refused_s
    assert after.problem == f"not startable: the bento's digest is not {KEY.bento_digest}"


@given(failures=st.integers(1, 500), spread=st.floats(0, 1, exclude_max=True))
def test_a_delay_stays_between_half_a_step_and_the_longest(failures, spread):
    delay = BACKOFF.delay(failures, spread)
    assert BACKOFF.first_s / 2 <= delay <= BACKOFF.longest_s
