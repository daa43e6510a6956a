"""Versions by the calendar."""

from datetime import UTC, datetime

import pytest

from tests.stand_in.shopify import versions

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_versions_of_the_facts():
    assert versions.stable(NOW) == ["2026-01", "2026-04", "2026-07", "2026-10"]
    assert versions.candidate(NOW) == "2027-01"


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ("2026-10", "2026-10"),
        ("2026-01", "2026-01"),
        ("2025-10", "2026-01"),
        ("2021-01", "2026-01"),
        ("2027-01", "2027-01"),
        ("unstable", "unstable"),
        ("2027-04", None),
        ("2026-11", None),
        ("latest", None),
    ],
)
def test_a_retired_version_falls_forward(asked, answers):
    assert versions.effective(asked, NOW) == answers


@pytest.mark.parametrize(
    ("moment", "oldest", "newest"),
    [
        (datetime(2027, 1, 1, 16, 59, 59, tzinfo=UTC), "2026-01", "2026-10"),
        (datetime(2027, 1, 1, 17, 0, 0, tzinfo=UTC), "2026-04", "2027-01"),
        (datetime(2026, 10, 1, 16, 59, 59, tzinfo=UTC), "2025-10", "2026-07"),
    ],
)
def test_they_change_at_17_utc_on_the_first_of_a_quarter(moment, oldest, newest):
    supported = versions.stable(moment)
    assert (supported[0], supported[-1]) == (oldest, newest)


def test_public_api_versions():
    handles = {each["handle"]: each["supported"] for each in versions.public(NOW)}
    assert handles == {
        "2026-01": True,
        "2026-04": True,
        "2026-07": True,
        "2026-10": True,
        "2027-01": False,
        "unstable": False,
    }
