"""Counts what happens too often to be recorded one by one: the first of a kind at once, those
that follow within a time as one event when it is over.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.principal import Principal

MAX_WINDOWS = 1000
Kind = TypeVar("Kind", bound=Hashable)


@dataclass
class Window(Generic[Kind]):
    """One kind's open window. ``more``: how many followed the one that was recorded."""

    kind: Kind
    ends: float
    more: int = 0


class Windows(Generic[Kind]):
    """The windows that are open. Used from many threads.

    Beyond ``MAX_WINDOWS`` all kinds share the window of ``elsewhere``, so that made-up ones fill
    neither memory nor register.
    """

    def __init__(
        self, seconds: float, elsewhere: Kind, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._elsewhere = elsewhere
        self._now = now
        self._open: dict[Kind, Window[Kind]] = {}
        self._lock = threading.Lock()

    def is_first(self, kind: Kind) -> bool:
        """Whether this one is to be recorded by itself; else it is counted."""
        with self._lock:
            full = len(self._open) >= MAX_WINDOWS and kind not in self._open
            kind = self._elsewhere if full else kind
            window = self._open.get(kind)
            if window is not None:
                window.more += 1
                return False
            self._open[kind] = Window(kind, self._now() + self._seconds)
            return True

    def take_ended(self, *, everything: bool = False) -> list[Window[Kind]]:
        """Close the windows whose time is over and hand over those that counted something."""
        with self._lock:
            now = self._now()
            ended = [key for key, each in self._open.items() if everything or each.ends <= now]
            windows = [self._open.pop(key) for key in ended]
        return [window for window in windows if window.more]

    def put_back(self, windows: list[Window[Kind]]) -> None:
        """Go on counting what could not be recorded."""
        with self._lock:
            for window in windows:
                held = self._open.setdefault(window.kind, window)
                if held is not window:
                    held.more += window.more

    def sum_up(
        self,
        database: Database,
        summary: Callable[[Window[Kind]], tuple[Principal, Change]],
        *,
        everything: bool = False,
    ) -> None:
        """Record what the ended windows counted, one event each."""
        windows = self.take_ended(everything=everything)
        if not windows:
            return
        try:
            with database.write() as session:
                for window in windows:
                    record(session, *summary(window))
        except Exception:
            self.put_back(windows)
            raise
