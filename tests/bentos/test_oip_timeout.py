import asyncio
import time

import pytest

from bentos.contract.errors import ContractError
from bentos.oip_timeout import TooLateError, Turns, check_time_left


def test_what_was_waited_for_too_long_is_too_late():
    with pytest.raises(TooLateError, match=r"parameters\.timeout: expected inference within 5000"):
        check_time_left(5000, time.monotonic() - 1.0)


@pytest.mark.parametrize("timeout_us", [60_000_000, 0])
def test_time_that_is_left_or_unlimited_is_enough(timeout_us):
    check_time_left(timeout_us, time.monotonic() - 1.0)


@pytest.mark.parametrize("timeout_us", [-1, 1.5, "soon", True, None])
def test_only_microseconds_are_a_timeout(timeout_us):
    with pytest.raises(ContractError, match="expected microseconds"):
        check_time_left(timeout_us, time.monotonic())


async def test_a_turn_begins_with_its_first_request_and_ends_with_the_loop_s_next():
    turns = Turns()
    first = turns.began()
    assert turns.began() == first
    await asyncio.sleep(0)
    assert turns.began() > first
