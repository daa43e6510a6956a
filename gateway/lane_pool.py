"""The workers of one version: connections held open, the least loaded chosen, bad ones left out.

A worker is ejected after failed calls (``lane_ejection.py``), never the last one in use. It comes
back after its time, with a good answer, or, when it had hung, once it answers a new connection.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

import structlog

from gateway.lane_address import parse_address
from gateway.lane_connection import HttpAnswer, LaneConnection
from gateway.lane_handshake import open_connection
from gateway.lane_worker import LaneWorker

log = structlog.get_logger(__name__)

RECONNECT_FIRST_S = 0.05
RECONNECT_MAX_S = 1.0

OnAnswer = Callable[[LaneConnection, HttpAnswer], None]


class WorkerPool:
    """``idle`` holds the connections a batch may take now, the longest idle first.

    ``on_lost`` is told of every connection that broke after it was opened, ``on_ready`` of every
    new idle one, ``on_down`` why no worker can be reached any more.
    """

    def __init__(
        self,
        version: str,
        infer_path: str,
        slots: int,
        on_answer: OnAnswer,
        on_lost: Callable[[LaneConnection], None],
        on_ready: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self.idle: list[LaneConnection] = []
        self.workers: dict[str, LaneWorker] = {}
        self.ejections = 0
        self._version = version
        self._infer_path = infer_path
        self._slots = slots
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._on_ready = on_ready
        self._on_down = on_down
        self._loop = asyncio.get_running_loop()

    # --- membership -------------------------------------------------------------------
    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Connect to new addresses, leave old ones; raises ContractError for an unusable one."""
        parsed = {text: parse_address(text) for text in addresses}
        for text in set(self.workers) - set(parsed):
            self._leave(self.workers.pop(text))
        for text, address in parsed.items():
            if text not in self.workers:
                worker = self.workers[text] = LaneWorker(address)
                worker.slots = [
                    self._loop.create_task(self._hold(worker)) for _ in range(self._slots)
                ]
        self._keep_one_in_use()

    def _leave(self, worker: LaneWorker) -> None:
        """Close what is idle; a batch in flight may still be answered."""
        for task in worker.slots:
            task.cancel()
        self._cancel_readmission(worker)
        resting = [connection for connection in self.idle if connection.worker is worker]
        self.idle = [connection for connection in self.idle if connection.worker is not worker]
        resting += worker.parked
        worker.parked = []
        for connection in worker.connections:
            connection.retire()
        for connection in resting:
            connection.close()

    # --- choice -----------------------------------------------------------------------
    def take(self, tried: tuple[LaneWorker, ...] = ()) -> LaneConnection | None:
        """An idle connection of the least loaded worker that is not in ``tried``.

        When ``tried`` leaves no worker in use, they are asked again. None: none is free.
        """
        idle = self.idle
        if len(idle) == 1 and not tried:
            return idle.pop()
        best: LaneConnection | None = None
        for connection in idle:
            worker = connection.worker
            if worker in tried:
                continue
            if best is None or worker.in_flight < best.worker.in_flight:
                best = connection
        if best is None and idle and not self.has_other(tried):
            best = idle[0]
        if best is not None:
            idle.remove(best)
        return best

    def has_other(self, tried: tuple[LaneWorker, ...]) -> bool:
        """Whether a worker outside ``tried`` is in use."""
        return any(w.is_in_use and w not in tried for w in self.workers.values())

    def keeps_going(self, hung: LaneWorker, since: float) -> bool:
        """Whether another worker is free, or answered what it was sent after ``since``.

        Only then does a silent worker hang: when all are slow, asking twice makes it worse.
        """
        return any(connection.worker is not hung for connection in self.idle) or any(
            worker.is_in_use and worker is not hung and worker.answered_sent_at > since
            for worker in self.workers.values()
        )

    def give_back(self, connection: LaneConnection) -> None:
        """The connection's batch is over; it rests until the next, unless it was to close."""
        if not connection.is_open:
            return
        worker = connection.worker
        (worker.parked if worker.is_ejected else self.idle).append(connection)

    @property
    def is_down(self) -> bool:
        """Whether every worker is known not to be reachable."""
        return all(worker.is_down for worker in self.workers.values())

    # --- health -----------------------------------------------------------------------
    def succeeded(self, worker: LaneWorker, sent_at: float) -> None:
        """A worker answered as it should."""
        worker.ejection.succeeded()
        worker.answered_sent_at = sent_at
        if worker.is_ejected:
            self._readmit(worker)

    def failed(self, worker: LaneWorker) -> None:
        """A call to a worker failed: enough of them eject it."""
        now = worker.failed_at = monotonic()
        if worker.ejection.fails(now):
            self._eject(worker)

    def hangs(self, worker: LaneWorker) -> None:
        """A worker is silent: it is ejected at once, if another is known to answer. One that may
        only be slow is not left for one whose answers may all be garbage."""
        if any(w.is_in_use and w.is_proven for w in self.workers.values() if w is not worker):
            worker.is_hung = True
            self._eject(worker)

    def _eject(self, worker: LaneWorker) -> None:
        if worker.is_ejected or not self.has_other((worker,)):
            return
        seconds = worker.ejection.eject(monotonic())
        log.warning(
            "worker_ejected",
            version=self._version,
            address=worker.address.text,
            hung=worker.is_hung,
            seconds=seconds,
        )
        self.ejections += 1
        worker.is_ejected = True
        worker.parked = [c for c in self.idle if c.worker is worker]
        self.idle = [c for c in self.idle if c.worker is not worker]
        worker.readmission = self._loop.call_later(seconds, self._time_is_up, worker, seconds)

    def _time_is_up(self, worker: LaneWorker, seconds: float) -> None:
        if worker.is_hung and worker.in_flight:
            # Still silent: its lane closes the connection in the end, and a new one must answer.
            worker.readmission = self._loop.call_later(seconds, self._time_is_up, worker, seconds)
        else:
            self._readmit(worker)

    def _readmit(self, worker: LaneWorker) -> None:
        self._cancel_readmission(worker)
        worker.is_ejected = worker.is_hung = False
        log.info("worker_readmitted", version=self._version, address=worker.address.text)
        self.idle += worker.parked
        worker.parked = []
        if self.idle:
            self._loop.call_soon(self._on_ready)

    @staticmethod
    def _cancel_readmission(worker: LaneWorker) -> None:
        if worker.readmission is not None:
            worker.readmission.cancel()
            worker.readmission = None

    def _keep_one_in_use(self) -> None:
        """When none is left, an ejected worker is better than no worker."""
        if any(worker.is_in_use for worker in self.workers.values()):
            return
        for worker in self.workers.values():
            if worker.is_ejected:
                self._readmit(worker)

    # --- connections ------------------------------------------------------------------
    async def _hold(self, worker: LaneWorker) -> None:
        """Hold one connection to a worker open, for as long as its address stands."""
        delay = RECONNECT_FIRST_S
        while True:
            connection = LaneConnection(worker, self._infer_path, self._on_answer, self._lost)
            try:
                await open_connection(connection)
            except OSError as error:
                self._not_connected(worker, error)
            else:
                self._connected(connection)
                since = monotonic()
                await connection.lost.wait()
                if monotonic() - since > RECONNECT_MAX_S:
                    # It served: a server may close an idle connection. Anew, and at once.
                    delay = RECONNECT_FIRST_S
                    continue
                # A worker that accepts and drops must not be hammered.
                if not worker.connections:
                    self._not_connected(worker, ConnectionResetError("the connection broke"))
            await asyncio.sleep(delay)
            delay = min(delay * 2, RECONNECT_MAX_S)

    def _connected(self, connection: LaneConnection) -> None:
        worker = connection.worker
        worker.is_down = False
        worker.connections.add(connection)
        if worker.is_ejected and worker.is_hung:
            self._readmit(worker)
        self.give_back(connection)
        self._on_ready()

    def _not_connected(self, worker: LaneWorker, error: OSError) -> None:
        if not worker.connections:
            worker.is_down = True
        self._keep_one_in_use()
        if self.is_down:
            self._on_down(str(error) or "no answer in time")

    def _lost(self, connection: LaneConnection) -> None:
        worker = connection.worker
        if connection not in worker.connections:
            return  # it was never opened: ``_hold`` is told by the exception
        worker.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        if connection in worker.parked:
            worker.parked.remove(connection)
        self._keep_one_in_use()
        self._on_lost(connection)
