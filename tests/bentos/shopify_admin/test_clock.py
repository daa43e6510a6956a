import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin.clock import AcceleratedClock, SystemClock

NIGHT = datetime(2026, 11, 22, 2, tzinfo=UTC)


def test_an_accelerated_clock_runs_at_its_rate_and_starts_where_it_was_told():
    before = time.monotonic()
    clock = AcceleratedClock.starting(3600.0, NIGHT)
    first, tick = clock.now(), clock.monotonic()
    clock.sleep(360)  # a tenth of a second
    slept = time.monotonic() - before
    passed, ticks = (clock.now() - first).total_seconds(), clock.monotonic() - tick
    took = time.monotonic() - before
    assert slept >= 0.1
    assert timedelta(0) <= first - NIGHT < timedelta(seconds=3600 * took + 1)
    assert 360 <= passed <= 3600 * took + 1
    assert 360 <= ticks <= 3600 * took + 1


def test_a_clock_made_of_what_another_said_shows_the_same_time():
    clock = AcceleratedClock.starting(1000.0, NIGHT.astimezone(timezone(timedelta(hours=-5))))
    twin = AcceleratedClock.of(clock.to_json())
    assert clock.to_json()["virtual_origin"] == "2026-11-22T02:00:00Z"
    before, shown, after = clock.now(), twin.now(), clock.now()
    assert before - timedelta(seconds=1) <= shown <= after + timedelta(seconds=1)
    assert twin.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "clock.rate"),
        ({"rate": True, "wall_origin": 1, "virtual_origin": "2026-11-22T02:00:00Z"}, "clock.rate"),
        ({"rate": 0, "wall_origin": 1, "virtual_origin": "2026-11-22T02:00:00Z"}, "clock.rate"),
        ({"rate": float("nan"), "wall_origin": 1, "virtual_origin": "2026-11-22T02:00:00Z"}, ""),
        ({"rate": 1, "wall_origin": "1", "virtual_origin": "x"}, "clock.wall_origin"),
        ({"rate": 1, "wall_origin": 1, "virtual_origin": "2026-11-22"}, "clock.virtual_origin"),
        ({"rate": 1, "wall_origin": 1, "virtual_origin": "2026-13-22T02:00:00Z"}, ""),
    ],
)
def test_what_is_no_clock_is_refused_by_field(said, field):
    with pytest.raises(ContractError, match=field or "clock"):
        AcceleratedClock.of(said)


def test_no_wait_is_no_wait():
    started = time.monotonic()
    SystemClock().sleep(-5)
    AcceleratedClock.starting(1.0).sleep(-5)
    assert time.monotonic() - started < 4
    assert abs((SystemClock().now() - datetime.now(UTC)).total_seconds()) < 60
