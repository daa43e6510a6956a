"""A bar on the terminal for whatever takes longer than two seconds; nothing for scripts."""

import sys
import time

from rich.console import Console
from rich.progress import Progress

AFTER_S = 2.0


class Bar:
    """Counts up to ``total``; ``end`` takes it off the screen."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done = what, total, 0
        self._shown_from = time.monotonic() + AFTER_S
        self._progress: Progress | None = None

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        self._done += count
        if self._progress is None:
            if time.monotonic() < self._shown_from or not sys.stderr.isatty():
                return
            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._task = self._progress.add_task(self._what, total=self._total)
            self._progress.start()
        self._progress.update(self._task, completed=self._done)

    def end(self) -> None:
        """It is over."""
        if self._progress is not None:
            self._progress.stop()
