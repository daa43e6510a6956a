"""As datetime has it, to the microsecond, forwards and backwards."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.timestamp import Timestamps

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(min_value=0, max_value=4_102_444_800_000_000)


@given(st.lists(TIMES, min_size=1), st.integers(min_value=0, max_value=999))
def test_every_time_is_rendered_as_datetime_does(microseconds, nanoseconds):
    clock = iter([each * 1000 + nanoseconds for each in microseconds])
    stamps = Timestamps(lambda: next(clock))
    for each in microseconds:
        moment = EPOCH + timedelta(microseconds=each)
        assert stamps.now() == moment.isoformat(timespec="microseconds")


def test_the_clock_is_the_system_s():
    before = datetime.now(UTC)
    stamp = datetime.fromisoformat(Timestamps().now())
    assert before.replace(microsecond=before.microsecond) <= stamp <= datetime.now(UTC)
