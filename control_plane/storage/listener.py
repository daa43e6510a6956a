"""Hears of commits of any replica: LISTEN on a connection of its own.

What it hears only wakes somebody who then looks at the tables, so a word lost with a
connection costs nothing: the listener calls once more when it is connected again.
"""

import select
import socket
import threading
from collections.abc import Callable

import pg8000
import structlog

from bentos.contract.errors import ContractError
from control_plane.storage.address import PostgresqlAddress
from control_plane.storage.link import Link, open_link

log = structlog.get_logger(__name__)
CHANNEL = "signalbox_commit"
LOOK_EVERY_S = 1.0
"""A quiet connection is asked whether it still lives this often."""
ANSWER_TIMEOUT_S = 5.0
RETRY_S = 0.5


class Listener:
    """A thread that calls ``heard`` after a commit; it reconnects for as long as it runs."""

    def __init__(self, address: PostgresqlAddress, heard: Callable[[], None]) -> None:
        self._address = address
        self._heard = heard
        self._stopping = threading.Event()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="commit-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close its connection."""
        self._stopping.set()
        self._wake.close()
        self._thread.join()
        self._woken.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                link, watched = open_link(
                    self._address, ANSWER_TIMEOUT_S, f"LISTEN {CHANNEL}", autocommit=True
                )
            except (pg8000.Error, ContractError) as error:
                log.warning("commits of other replicas cannot be heard", error=str(error))
                self._stopping.wait(RETRY_S)
                continue
            try:
                self._follow(link, watched)
            except pg8000.Error as error:
                log.warning("the listener's connection broke", error=str(error))
                self._stopping.wait(RETRY_S)
            finally:
                watched.close()
                _close(link)

    def _follow(self, link: Link, watched: socket.socket) -> None:
        # Whatever was said before LISTEN was heard by nobody.
        self._heard()
        while not self._stopping.is_set():
            select.select([watched, self._woken], [], [], LOOK_EVERY_S)
            if self._stopping.is_set():
                return
            link.execute_simple("")
            if link.notifications:
                link.notifications.clear()
                self._heard()


def _close(link: Link) -> None:
    try:
        link.close()
    except (pg8000.Error, OSError):
        # It broke before: there is nobody to take leave of.
        return
