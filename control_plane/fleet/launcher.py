"""The seam: where workers run. Processes here today, Kubernetes behind the same four calls."""

from collections.abc import Mapping
from typing import Protocol

from control_plane.fleet.replica import Key


class Worker(Protocol):
    """A worker that was started, or was found running."""

    @property
    def address(self) -> str:
        """``unix:/path`` or ``http://host:port``: where it answers once it is ready."""

    @property
    def pid(self) -> int:
        """Process id on this machine; 0 where there is none."""

    @property
    def exit_code(self) -> int | None:
        """Known only after the end and only by whoever started it; negative: the signal."""

    def alive(self) -> bool:
        """Whether it still runs."""

    def stop(self) -> None:
        """Ask it to end after the requests in flight; returns at once."""

    def kill(self) -> None:
        """End it now; returns at once."""


class Launcher(Protocol):
    """Starts workers and finds the ones an earlier fleet left running."""

    def start(self, key: Key) -> Worker:
        """Start one worker; raises OSError when it cannot even be tried."""

    def adopt(self) -> Mapping[Key, Worker]:
        """The workers that still run from before this fleet started."""

    def reprioritise(self, key: Key, wanted: Key, worker: Worker) -> bool:
        """Let a running worker go on as ``wanted``; False where that is not permitted."""

    def forget(self, key: Key) -> None:
        """The worker of this replica has ended: clean up after it."""
