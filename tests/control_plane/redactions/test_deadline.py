"""How much time a request has."""

import pytest

from control_plane.redactions.deadline import Urgency, days_left, urgency

DUE = "2026-12-31T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2026-12-01T00:00:00Z", Urgency.IN_TIME),
        ("2026-12-21T00:00:00Z", Urgency.IN_TIME),
        ("2026-12-21T00:00:01Z", Urgency.SOON),
        ("2026-12-31T00:00:00Z", Urgency.SOON),
        ("2026-12-31T00:00:01Z", Urgency.OVERDUE),
    ],
)
def test_the_clock_says_how_urgent_it_is(now, wanted):
    assert urgency(DUE, None, now) is wanted
    assert urgency(DUE, "2027-01-01T00:00:00Z", now) is Urgency.DONE


def test_days_are_counted_down_and_below_nothing():
    assert days_left(DUE, "2026-12-01T00:00:00Z") == 30
    assert days_left(DUE, "2027-01-01T12:00:00Z") == -1.5
