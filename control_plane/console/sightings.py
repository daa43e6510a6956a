"""How many people a step has reached, as pages show it: counted rarely, however often they look.

Every open page looks again after each commit, and to count reads the lake. So a count is kept
for a while, and one that is older is shown until the next is there. What is decided on is
counted anew when an order is given.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import structlog

from control_plane.db import Database
from control_plane.releases.exposures import Exposures, look
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import Verb
from control_plane.releases.models import ReleaseRow

log = structlog.get_logger(__name__)
FRESH_S = 5.0
MOST = 1000
"""Steps that are remembered; beyond them all are forgotten, and counted when asked for."""
Key = tuple[str, int]


class Sightings:
    """Used from many threads."""

    def __init__(
        self, database: Database, exposures: Exposures, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._exposures = exposures
        self._now = now
        self._lock = Lock()
        self._found: dict[Key, tuple[float, Seen | None]] = {}
        self._counting: set[Key] = set()
        self._pool = ThreadPoolExecutor(1, "sightings")

    def of(self, row: ReleaseRow) -> Seen | None:
        """The newest count there is of a release's present step; the first is waited for."""
        key = (row.id, row.step)
        with self._lock:
            known = self._found.get(key)
            stale = known is not None and self._now() - known[0] > FRESH_S
            if stale and key not in self._counting:
                self._counting.add(key)
                self._pool.submit(self._count, key)
        return known[1] if known is not None else self._count(key)

    def close(self) -> None:
        """Count no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _count(self, key: Key) -> Seen | None:
        seen = None
        try:
            seen = look(self._database, self._exposures, key[0], Verb.RAMP)
        except Exception:
            # Unknown is shown as unknown, and holds the step; the next look asks again.
            log.exception("a step's visitors could not be counted", release=key[0])
        with self._lock:
            if len(self._found) >= MOST:
                self._found.clear()
            self._found[key] = (self._now(), seen)
            self._counting.discard(key)
        return seen
