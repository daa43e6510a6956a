"""Fans documents out to open streams, inside the event loop; nobody polls."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import cached_property

import msgspec

from bentos.contract.documents import (
    INLINE_BODY_BYTES,
    Announcement,
    DocumentHeader,
    DocumentName,
    Revision,
)

Documents = Mapping[DocumentName, tuple[DocumentHeader, bytes]]
"""Each header with its body."""


class Announced:
    """One document as streams send it: rendered once, for all of them."""

    def __init__(self, header: DocumentHeader, body: bytes) -> None:
        self.header = header
        self._body = body
        self.short = _event(header, msgspec.json.encode(header))
        "Without the body: for whoever has it already."

    def event(self, known: Revision) -> bytes:
        """The event for a subscriber that says it knows everything up to ``known``."""
        return self.short if self.header.revision <= known else self._whole

    @cached_property
    def _whole(self) -> bytes:
        if len(self._body) > INLINE_BODY_BYTES:
            return self.short
        announcement = Announcement.of(self.header, self._body)
        return _event(self.header, msgspec.json.encode(announcement))


class Feed:
    """What is in force, and who waits for what comes next. Used from the loop's thread only."""

    def __init__(self) -> None:
        self.documents: dict[DocumentName, Announced] = {}
        self.closed = False
        self._waiting: set[asyncio.Event] = set()

    @property
    def revision(self) -> Revision:
        """The highest revision in force."""
        revisions = (each.header.revision for each in self.documents.values())
        return max(revisions, default=Revision(0, 0))

    @property
    def subscribers(self) -> int:
        """Open streams."""
        return len(self._waiting)

    def update(self, documents: Documents) -> None:
        """Take what is later than what is in force, and wake every stream if anything is."""
        fresh = {
            name: Announced(header, body)
            for name, (header, body) in documents.items()
            if self._is_news(header)
        }
        if fresh:
            self.documents |= fresh
            self.wake()

    def _is_news(self, header: DocumentHeader) -> bool:
        """Several threads publish, so that an older one may be told of after a later one."""
        known = self.documents.get(header.name)
        return known is None or header.revision > known.header.revision

    def close(self) -> None:
        """End every stream, now."""
        self.closed = True
        self.wake()

    def wake(self) -> None:
        """Have every stream look again."""
        for waiter in self._waiting:
            waiter.set()

    def watch(self, woken: asyncio.Event) -> None:
        """Set ``woken`` whenever there is something to see, until ``forget``."""
        self._waiting.add(woken)

    def forget(self, woken: asyncio.Event) -> None:
        """End a ``watch``."""
        self._waiting.discard(woken)

    async def changes(self, heartbeat_s: float) -> AsyncIterator[list[Announced]]:
        """All documents first, by revision, then those that changed; an empty list when
        nothing did for ``heartbeat_s``. A reader that is slow gets the newest of each only."""
        seen: dict[DocumentName, Announced] = {}
        woken = asyncio.Event()
        self.watch(woken)
        try:
            while not self.closed:
                woken.clear()
                fresh = [each for name, each in self.documents.items() if seen.get(name) != each]
                seen = dict(self.documents)
                yield sorted(fresh, key=lambda each: each.header.revision)
                try:
                    await asyncio.wait_for(woken.wait(), heartbeat_s)
                except TimeoutError:
                    continue
        finally:
            self.forget(woken)


def _event(header: DocumentHeader, data: bytes) -> bytes:
    return b"event: document\nid: %b\ndata: %b\n\n" % (str(header.revision).encode(), data)
