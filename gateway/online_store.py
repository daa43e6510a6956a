"""What the gateway asks of an online feature store, whichever engine holds it.

The format is ``bentos.contract.online_store``; training fills it. Embedded: ``lmdb_store.py``.
Shared by many gateways: ``redis_store.py``.
"""

from collections.abc import Sequence
from typing import Protocol

from bentos.contract.online_store import Generation

REFRESH_S = 0.5


class StoreUnavailable(Exception):
    """No answer now: the caller goes on with defaults and counts it."""


class OnlineStore(Protocol):
    """Reads of one generation at a time; all keys of one call come from the same one."""

    @property
    def generation(self) -> Generation | None:
        """What is read now; None before the first one was found."""

    async def get_many(self, keys: Sequence[bytes], timeout_s: float) -> Sequence[bytes | None]:
        """One value, or None, per key; raises StoreUnavailable, never later than the timeout."""

    async def refresh(self) -> None:
        """Look for a newer generation; called every REFRESH_S, never by a request. Does not
        raise: what is wrong with the store is logged once, and the last good one stays."""

    async def close(self) -> None:
        """Give back files and connections."""
