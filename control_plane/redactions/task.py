"""The thread that carries law requests on."""

import threading
from collections.abc import Callable

import structlog

from control_plane.metrics import nobody_is_told
from control_plane.redactions.redactor import Redactor

log = structlog.get_logger(__name__)


class RedactionTask:
    """A pass every ``interval_s``, and at once when woken. ``problems``: what the last one met;
    ``ended`` is told of each whether it failed."""

    def __init__(
        self,
        redactor: Redactor,
        interval_s: float,
        ended: Callable[[bool], None] = nobody_is_told,
    ) -> None:
        self.problems: list[str] = []
        self._redactor = redactor
        self._interval_s = interval_s
        self._ended = ended
        self._wake = threading.Event()
        self._one = threading.Lock()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="redactions")

    def start(self) -> None:
        """Go on in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the pass in hand."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Something was asked for, or done elsewhere."""
        self._wake.set()

    def once(self) -> list[str]:
        """A pass now, in the caller's thread, after one that is under way; its problems."""
        with self._one:
            self.problems = self._redactor.run()
        return self.problems

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._ended(bool(self.once()))
            except Exception as error:
                # Whatever it was, the next pass starts from the tables and files again.
                self.problems = [type(error).__name__]
                log.exception("redactions_failed")
                self._ended(True)
            self._wake.wait(self._interval_s)
            self._wake.clear()
