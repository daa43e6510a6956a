"""Keeps the shadow process: none before there is something for it to do, another when it dies."""

import asyncio
import socket
from subprocess import SubprocessError

import structlog

from gateway.niceness import start_gently
from gateway.shadow_feed import Channel
from gateway.worker_process import KILL_MARGIN_S, WorkerProcess

log = structlog.get_logger(__name__)

MODULE = "gateway.shadow_server"
START_TIMEOUT_S = 5.0
RESTART_FIRST_S = 0.5
RESTART_MAX_S = 10.0


class ShadowKeeper:
    """One per gateway. ``feed`` is the end that its workers write to."""

    def __init__(self, leave_within_s: float) -> None:
        self._channel = Channel.open()
        self._leave_within_s = leave_within_s
        self._process: WorkerProcess | None = None

    @property
    def feed(self) -> socket.socket:
        """For workers to inherit."""
        return self._channel.feed

    async def run(self) -> None:
        """Start it when a copy waits, and again whenever it has died; until cancelled."""
        loop, delay = asyncio.get_running_loop(), RESTART_FIRST_S
        while True:
            await self._something_waits()
            started = loop.time()
            try:
                await self._start()
            except (OSError, SubprocessError) as error:
                log.error("shadow_process_not_startable", error=str(error))
            lived = loop.time() - started > RESTART_MAX_S
            delay = RESTART_FIRST_S if lived else min(delay * 2, RESTART_MAX_S)
            await asyncio.sleep(delay)

    async def _start(self) -> None:
        """Start it and wait for its end; raises OSError or SubprocessError when it cannot be
        started."""
        self._process = await WorkerProcess.start(
            MODULE, 0, self._channel.sink, before=start_gently
        )
        log.info("shadow_process_started", pid=self._process.pid)
        await self._process.serves(START_TIMEOUT_S)
        code = await self._process.ended()
        self._process = None
        log.error("shadow_process_ended", exit_code=code)

    def retire(self) -> None:
        """Another one is to take its place, with the code and settings of now."""
        process = self._process
        if process is not None:
            process.retire()
            bound = self._leave_within_s + KILL_MARGIN_S
            asyncio.get_running_loop().call_later(bound, self._cut_off, process)

    def _cut_off(self, process: WorkerProcess) -> None:
        """One that hangs leaves only so, and until then nothing is compared."""
        if self._process is process:
            log.warning("shadow_process_cut_off", pid=process.pid)
            process.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    async def end(self) -> None:
        """Let it ask what it was handed, bounded, then close the channel."""
        process = self._process
        if process is not None:
            # One that is just starting does not know yet how to leave.
            if not process.served:
                await process.serves(START_TIMEOUT_S)
            process.leave()
            if not await process.ended_within(self._leave_within_s):
                log.warning("shadow_process_cut_off", pid=process.pid)
        self._channel.close()

    async def _something_waits(self) -> None:
        loop, sink = asyncio.get_running_loop(), self._channel.sink.fileno()
        waits = asyncio.Event()
        loop.add_reader(sink, waits.set)
        try:
            await waits.wait()
        finally:
            loop.remove_reader(sink)
