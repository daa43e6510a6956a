"""When a night is due, over changes of clocks and long silences."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bentos.contract.errors import ContractError
from training.nightly.due import Cron

BERLIN = Cron("30 2 * * *", ZoneInfo("Europe/Berlin"))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(cron, start, count):
    found = []
    for _ in range(count):
        start = cron.after(start)
        found.append(f"{start:%m-%d %H:%M}")
    return found


def test_due_is_by_the_shop_s_clock():
    assert days(BERLIN, at("2026-01-10T12:00"), 2) == ["01-11 01:30", "01-12 01:30"]
    assert days(BERLIN, at("2026-07-10T12:00"), 2) == ["07-11 00:30", "07-12 00:30"]


def test_in_spring_no_night_is_left_out():
    assert days(BERLIN, at("2026-03-28T12:00"), 2) == ["03-29 01:30", "03-30 00:30"]


def test_in_autumn_no_night_is_run_twice():
    assert days(BERLIN, at("2026-10-24T12:00"), 2) == ["10-25 00:30", "10-26 01:30"]


def test_what_was_missed_counts_once_and_is_the_last():
    assert BERLIN.missed(at("2026-07-01T12:00"), at("2026-07-01T23:00")) is None
    assert BERLIN.missed(at("2026-07-01T12:00"), at("2026-07-02T00:30")) == at("2026-07-02T00:30")
    assert BERLIN.missed(at("2026-07-01T12:00"), at("2026-07-09T12:00")) == at("2026-07-09T00:30")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("1", "Mon"),
        ("SUN", "Sun"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("mon-fri", "Mon Tue Wed Thu Fri"),
        ("0,6", "Sun Sat"),
        ("5-7", "Sun Fri Sat"),
        ("sat-mon", "Sun Mon Sat"),
        ("*/2", "Sun Tue Thu Sat"),
        ("1-5/2", "Mon Wed Fri"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
    ],
)
def test_days_of_the_week_are_counted_as_cron_does(field, expected):
    cron, moment, found = Cron(f"30 2 * * {field}", ZoneInfo("UTC")), at("2026-11-29T00:00"), []
    while (moment := cron.after(moment)) < at("2026-12-06T00:00"):
        found.append(f"{moment:%a}")
    assert " ".join(found) == expected


def test_a_schedule_may_end():
    leap = Cron("0 3 30 2 *", ZoneInfo("UTC"))
    assert leap.after(at("2026-01-01T00:00")) is None
    assert leap.missed(at("2026-01-01T00:00"), at("2027-01-01T00:00")) is None


def test_a_moment_just_served_is_not_due_again():
    due = BERLIN.after(at("2026-07-01T12:00"))
    assert BERLIN.after(due) - due == timedelta(days=1)


@pytest.mark.parametrize(
    "text",
    ["", "every night", "61 2 * * *", "30 2 * *", "30 2 * * 8", "30 2 * * 1-", "30 2 * * */0"],
)
def test_what_is_no_cron_is_refused(text):
    with pytest.raises(ContractError, match="five fields of cron"):
        Cron(text, ZoneInfo("UTC"))
