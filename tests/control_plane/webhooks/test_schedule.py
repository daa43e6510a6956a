from datetime import UTC, datetime

import pytest

from control_plane.webhooks import schedule

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_the_schedule_is_the_recommended_one_and_ends():
    delays = []
    while (delay := schedule.delay_s(len(delays) + 1, lambda: 0.5)) is not None:
        delays.append(delay)
    assert delays == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    # The specification's last row: 75:35:05 after the first attempt.
    assert sum(delays) == ((75 * 60) + 35) * 60 + 5


@pytest.mark.parametrize(("chance", "factor"), [(0.0, 0.9), (1.0, 1.1)])
def test_jitter_is_a_tenth_either_way(chance, factor):
    assert schedule.delay_s(2, lambda: chance) == pytest.approx(300 * factor)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("99999999", schedule.MOST_RETRY_AFTER_S),
        ("Thu, 26 Nov 2026 12:01:00 GMT", 60),
        ("Thu, 26 Nov 2026 11:00:00 GMT", 0),
        ("Thu, 26 Nov 2099 11:00:00 GMT", schedule.MOST_RETRY_AFTER_S),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("١٢", None),
        ("9" * 40, None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(text, seconds):
    assert schedule.parse_retry_after(text, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "told", "rest"),
    [(429, 90.0, 90.0), (429, None, 5.0), (503, 3.0, 3.0), (504, None, 5.0), (500, 60.0, 0.0)],
)
def test_a_receiver_that_has_too_much_to_do_is_left_alone(status, told, rest):
    assert schedule.rest_s(status, told) == rest
    assert schedule.rest_s(None, None) == 0
