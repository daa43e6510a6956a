"""Tells open pages that something was committed, by whichever process.

The database's own counter is looked at, so a change by API, by the publisher, by a fleet
or by another replica is seen alike, and nobody has to remember to announce theirs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from control_plane.db import Database

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 0.2
"""Well under the second within which a page must show a change."""
LOOK_ANYWAY_S = 5.0
"""Some of what is shown changes with time alone, e.g. that a step's hold is over."""
Watcher = Callable[[], Awaitable[None]]


class Changes:
    """Who is to be told. Used from the event loop only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: dict[str, Watcher] = {}

    def watch(self, name: str, watcher: Watcher) -> None:
        """Call ``watcher`` after every change until ``leave``."""
        self._watchers[name] = watcher

    def leave(self, name: str) -> None:
        """Forget a watcher; one that is not there is no error."""
        self._watchers.pop(name, None)

    async def run(self) -> None:
        """Look for ever. With nobody watching nothing is asked."""
        seen: int | None = None
        told = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if not self._watchers:
                continue
            try:
                version = await asyncio.to_thread(self._database.data_version)
            except Exception:
                # The next look asks again; a database that is away is the health page's news.
                log.exception("the console could not look for changes")
                continue
            if version != seen or time.monotonic() - told > LOOK_ANYWAY_S:
                seen, told = version, time.monotonic()
                await self._tell()

    async def _tell(self) -> None:
        watchers = list(self._watchers.values())
        told = await asyncio.gather(*(each() for each in watchers), return_exceptions=True)
        for failure in told:
            if isinstance(failure, Exception):
                log.error("a page could not be drawn again", exc_info=failure)
