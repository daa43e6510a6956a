"""One worker as its parent sees it: a process, and a lifeline between the two.

The lifeline is a socket pair. The worker says on it that it serves, and that it accepts no more;
its end of file tells the worker that the parent is gone, however it went.
"""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import suppress

from gateway.exit_code import ExitCode

SERVES = b"S"
LEAVES = b"L"
# The worker's own bound comes first; this much later it is killed.
KILL_MARGIN_S = 2.0


class WorkerProcess:
    """Made by ``start``; ``index`` is its place among the gateway's workers."""

    def __init__(self, index: int, process: Process, lifeline: socket.socket) -> None:
        self.index = index
        self.served = False
        self._process = process
        self._lifeline = lifeline

    @classmethod
    async def start(
        cls,
        module: str,
        index: int,
        *inherited: socket.socket,
        before: Callable[[], None] | None = None,
    ) -> "WorkerProcess":
        """Start ``python -m MODULE INDEX LIFELINE INHERITED…``, its sockets by number; ``before``
        is called in the new process first."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        descriptors = (theirs.fileno(), *[each.fileno() for each in inherited])
        command = (sys.executable, "-m", module, str(index), *map(str, descriptors))
        try:
            process = await asyncio.create_subprocess_exec(
                *command, pass_fds=descriptors, preexec_fn=before
            )
        finally:
            theirs.close()
        return cls(index, process, ours)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def serves(self, within_s: float) -> bool:
        """Wait until the worker says that it accepts; False when it ends or takes longer."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(within_s):
                self.served = await loop.sock_recv(self._lifeline, 1) == SERVES
        return self.served

    async def accepts_no_more(self) -> None:
        """Wait until the worker says so, or ends."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while await loop.sock_recv(self._lifeline, 1) not in (LEAVES, b""):
                pass

    async def ended(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        code = await self._process.wait()
        self._lifeline.close()
        return code

    def retire(self) -> None:
        """Ask it to leave while others go on serving: no readiness down, no delay."""
        self._signal(signal.SIGUSR1)

    def leave(self) -> None:
        """Ask it to leave because the whole gateway does."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    async def ended_within(self, seconds: float) -> bool:
        """Wait for the end, bounded; False when it was killed or cut requests off."""
        try:
            async with asyncio.timeout(seconds + KILL_MARGIN_S):
                return await self.ended() == ExitCode.OK
        except TimeoutError:
            self.kill()
            await self.ended()
            return False

    def _signal(self, number: signal.Signals) -> None:
        # It may have ended a moment ago.
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
