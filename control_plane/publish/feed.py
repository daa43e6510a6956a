"""Fans headers out to open streams, inside the event loop; nobody polls."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from bentos.contract.documents import DocumentHeader, DocumentName


class Feed:
    """The headers in force, and who waits for the next ones. Used from the loop's thread only."""

    def __init__(self) -> None:
        self.headers: dict[DocumentName, DocumentHeader] = {}
        self.closed = False
        self._waiting: set[asyncio.Event] = set()

    def update(self, headers: Mapping[DocumentName, DocumentHeader]) -> None:
        """Replace the headers in force and wake every stream."""
        self.headers = dict(headers)
        self._wake()

    def close(self) -> None:
        """End every stream, now."""
        self.closed = True
        self._wake()

    async def changes(self, heartbeat_s: float) -> AsyncIterator[list[DocumentHeader]]:
        """All headers first, then those that changed; an empty list when nothing did for long."""
        seen: dict[DocumentName, DocumentHeader] = {}
        woken = asyncio.Event()
        self._waiting.add(woken)
        try:
            while not self.closed:
                woken.clear()
                fresh = [h for name, h in self.headers.items() if seen.get(name) != h]
                seen = dict(self.headers)
                yield sorted(fresh, key=lambda header: header.revision)
                try:
                    await asyncio.wait_for(woken.wait(), heartbeat_s)
                except TimeoutError:
                    continue
        finally:
            self._waiting.discard(woken)

    def _wake(self) -> None:
        for waiter in self._waiting:
            waiter.set()
