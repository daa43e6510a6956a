"""The protocol's ``timeout``: work nobody waits for any more is dropped before inference."""

import asyncio
import time
from typing import Any

from bentos.contract.errors import ContractError

TIMEOUT = "timeout"


class TooLateError(ContractError):
    """The request's ``timeout`` passed before inference could start."""


class Turns:
    """When this turn of the event loop came to its first request.

    Inference runs on the loop, so requests that lay ready together wait for those before them;
    nothing else tells how long a request was in the kernel's buffer.
    """

    def __init__(self) -> None:
        self._began: float | None = None

    def began(self) -> float:
        """In ``time.monotonic`` seconds; now, where no loop runs (a warm-up)."""
        if self._began is not None:
            return self._began
        now = time.monotonic()
        try:
            asyncio.get_running_loop().call_soon(self._end)
        except RuntimeError:
            return now
        self._began = now
        return now

    def _end(self) -> None:
        self._began = None


def check_time_left(timeout_us: Any, arrived: float) -> None:
    """Raise TooLateError if the caller stopped waiting; ``timeout_us`` 0 stands for no limit."""
    if isinstance(timeout_us, bool) or not isinstance(timeout_us, int) or timeout_us < 0:
        raise ContractError(f"parameters.{TIMEOUT}", "microseconds, 0 or more", timeout_us)
    waited_us = int((time.monotonic() - arrived) * 1e6)
    if timeout_us and waited_us >= timeout_us:
        raise TooLateError(f"parameters.{TIMEOUT}", f"inference within {timeout_us} µs", waited_us)
