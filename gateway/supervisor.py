"""The parent: holds the listening socket, keeps the workers running, restarts them in turn.

It serves nothing itself, so nothing a request does can reach it. SIGTERM and SIGINT end
the gateway gracefully (a second one at once); SIGHUP replaces one worker after the other.
"""

import asyncio
import signal
import socket
from contextlib import suppress

import structlog

from gateway.config import GatewayConfig
from gateway.exit_code import ExitCode
from gateway.shadow_keeper import ShadowKeeper
from gateway.worker_process import WorkerProcess

log = structlog.get_logger(__name__)

RESTART_FIRST_S = 0.2
RESTART_MAX_S = 10.0
# A replacement that does not serve by then is given up, and the old worker stays.
START_TIMEOUT_S = 60.0


class Supervisor:
    """All workers of one gateway, and the process that asks shadows."""

    def __init__(self, config: GatewayConfig, listener: socket.socket) -> None:
        self._config = config
        self._listener = listener
        self._stopping = asyncio.Event()
        self._asked_to_roll = asyncio.Event()
        self._current: dict[int, WorkerProcess] = {}
        self._alive: set[WorkerProcess] = set()
        self._ever_served = False
        self._shadow = ShadowKeeper(config.shadow_deadline_ms / 1000)

    async def run(self) -> ExitCode:
        """Keep ``gateway_workers`` workers running until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._asked_to_roll.set)
        stop = asyncio.create_task(self._stopping.wait())
        roll = asyncio.create_task(self._roll_when_asked())
        shadow = asyncio.create_task(self._shadow.run())
        keepers = [
            asyncio.create_task(self._keep(index)) for index in range(self._config.gateway_workers)
        ]
        done, waiting = await asyncio.wait(
            [stop, roll, *keepers], return_when=asyncio.FIRST_COMPLETED
        )
        waiting.add(shadow)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        finished = await self._end_all()
        await self._shadow.end()
        for task in done:
            task.result()
        if stop not in done:
            return ExitCode.FAILURE
        return ExitCode.OK if finished else ExitCode.CUT_OFF

    def _stop(self) -> None:
        if self._stopping.is_set():
            log.warning("gateway_killed", reason="a second signal")
            for worker in self._alive:
                worker.kill()
            self._shadow.kill()
        self._stopping.set()

    async def _end_all(self) -> bool:
        """Let every worker finish; False when one had to be killed."""
        for worker in self._alive:
            worker.leave()
        delay, bound = self._config.gateway_drain_delay_s, self._config.gateway_drain_timeout_s
        alive = set(self._alive)
        refusing = asyncio.create_task(self._refuse_after(alive))
        ended = await asyncio.gather(*[self._ended_within(w, delay + bound) for w in alive])
        refusing.cancel()
        return all(ended)

    async def _refuse_after(self, workers: set[WorkerProcess]) -> None:
        """Refuse new connections once none of these accepts any more: while the socket is open
        they would wait, and be reset when it closes. Earlier would reset what is yet accepted."""
        await asyncio.gather(*[worker.accepts_no_more() for worker in workers])
        with suppress(OSError):  # not every system can
            self._listener.shutdown(socket.SHUT_RD)

    # --- one worker after another dies ------------------------------------------------
    async def _keep(self, index: int) -> None:
        """Start a worker again when it dies. Returns only if none could ever start."""
        loop, delay = asyncio.get_running_loop(), RESTART_FIRST_S
        while True:
            started = loop.time()
            worker = self._current[index] = await self._start(index)
            await self._first_word(worker)
            code = await self._ended(worker)
            while self._current[index] is not worker:  # a rolling restart replaced it
                worker, started = self._current[index], loop.time()
                code = await self._ended(worker)
            log.error("worker_died", worker=index, exit_code=code)
            if not self._ever_served:
                return
            delay = RESTART_FIRST_S if loop.time() - started > RESTART_MAX_S else delay * 2
            await asyncio.sleep(min(delay, RESTART_MAX_S))

    async def _start(self, index: int) -> WorkerProcess:
        inherited = (self._listener, self._shadow.feed)
        worker = await WorkerProcess.start("gateway.server", index, *inherited)
        self._alive.add(worker)
        log.info("worker_started", worker=index, pid=worker.pid)
        return worker

    async def _first_word(self, worker: WorkerProcess) -> bool:
        """Wait until it serves; whatever happens instead is logged."""
        serves = await worker.serves(START_TIMEOUT_S)
        self._ever_served = self._ever_served or serves
        if serves:
            log.info("worker_serves", worker=worker.index, pid=worker.pid)
        else:
            log.error("worker_does_not_serve", worker=worker.index, pid=worker.pid)
            worker.kill()
        return serves

    async def _ended(self, worker: WorkerProcess) -> int:
        code = await worker.ended()
        self._alive.discard(worker)
        return code

    async def _ended_within(self, worker: WorkerProcess, bound_s: float) -> bool:
        ended = await worker.ended_within(bound_s)
        self._alive.discard(worker)
        if not ended:
            log.error("worker_cut_off", worker=worker.index, pid=worker.pid, after_s=bound_s)
        return ended

    # --- rolling restart --------------------------------------------------------------
    async def _roll_when_asked(self) -> None:
        while True:
            await self._asked_to_roll.wait()
            self._asked_to_roll.clear()
            log.info("rolling_restart")
            for index in sorted(self._current):
                if not await self._replace(index):
                    log.error("rolling_restart_failed", worker=index)
                    break
            else:
                self._shadow.retire()
                log.info("rolling_restart_done")

    async def _replace(self, index: int) -> bool:
        """A new worker serves before the old one leaves; without one the old stays."""
        worker = await self._start(index)
        if not await self._first_word(worker):
            await self._ended(worker)
            return False
        old, self._current[index] = self._current[index], worker
        old.retire()
        await self._ended_within(old, self._config.gateway_drain_timeout_s)
        return True
