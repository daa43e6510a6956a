import pytest

from bentos.contract.errors import ContractError
from control_plane import clock


def test_any_offset_becomes_utc_with_microseconds():
    assert clock.parse("2026-01-01T01:00:00+01:00", "at") == "2026-01-01T00:00:00.000000Z"


def test_a_year_has_four_digits():
    assert clock.parse("0900-01-01T00:00:00Z", "at") == "0900-01-01T00:00:00.000000Z"


def test_stored_times_sort_as_text():
    assert clock.later(-1) < clock.now() < clock.later(1)


@pytest.mark.parametrize("text", ["tomorrow", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_time_without_an_offset_is_refused(text):
    with pytest.raises(ContractError, match="at: expected an RFC 3339 time"):
        clock.parse(text, "at")
