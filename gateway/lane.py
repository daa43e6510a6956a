"""One lane per version: when a slot frees, take everything that waits, in one call.

Never waits to fill a batch. A slot is one connection to a worker of the version. The lane
knows no routes and no variants: it answers, or says why it cannot (LaneError).
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import structlog

from bentos.contract.features import TensorBlock
from bentos.contract.signature import ModelSignature
from gateway.batch import Batch, LaneAnswer, Work
from gateway.batch_answer import read_batch
from gateway.errors import BadAnswer, LaneError, LaneFull, LaneLost, LaneTimeout, LaneUnavailable
from gateway.lane_connection import HttpAnswer, LaneConnection, connect
from gateway.latency import LatencyWindow

log = structlog.get_logger(__name__)

RECONNECT_FIRST_S = 0.05
RECONNECT_MAX_S = 1.0
SWEEP_S = 0.005
# A batch in flight for longer hangs: its connection is given up.
HUNG_AFTER_S = 2.0


class Lane:
    """The way to one version. Must be made inside a running event loop."""

    def __init__(
        self,
        version: str,
        signature: ModelSignature,
        blocks: Sequence[TensorBlock],
        *,
        max_batch_rows: int,
        max_waiting_rows: int,
        slots: int,
    ) -> None:
        self.version = version
        self.signature = signature
        self.batches = 0
        self.failures: dict[str, int] = {}
        self._max_batch_rows = max_batch_rows
        self._max_waiting_rows = max_waiting_rows
        self._slots = slots
        self._loop = asyncio.get_running_loop()
        self._path = f"/v2/models/{signature.model}/infer"
        self._template = _head_template(blocks)
        self._waiting: deque[Work] = deque()
        self._waiting_rows = 0
        self._idle: list[LaneConnection] = []
        self._in_flight: dict[LaneConnection, Batch] = {}
        self._connectors: dict[str, list[asyncio.Task[None]]] = {}
        self._attempted = False
        self._pump_planned = False
        self._sweep: asyncio.TimerHandle | None = None
        self._latency = LatencyWindow()

    # --- what callers use -------------------------------------------------------------
    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Follow the endpoints document: connect to new addresses, leave old ones."""
        for address in set(self._connectors) - set(addresses):
            for task in self._connectors.pop(address):
                task.cancel()
        for connection in [*self._idle, *self._in_flight]:
            if connection.address not in addresses:
                self._retire(connection)
        for address in addresses:
            if address not in self._connectors:
                self._connectors[address] = [
                    self._loop.create_task(self._keep_connected(address))
                    for _ in range(self._slots)
                ]

    def submit(
        self, tensors: tuple[bytes, ...], rows: int, deadline: float
    ) -> "asyncio.Future[LaneAnswer]":
        """Queue one request; ``deadline`` is loop time. Raises LaneUnavailable or LaneFull."""
        if not (self._idle or self._in_flight) and (self._attempted or not self._connectors):
            raise self._failed(LaneUnavailable(f"{self.version}: no worker can be reached"))
        if self._waiting_rows + rows > self._max_waiting_rows:
            raise self._failed(LaneFull(f"{self.version}: {self._waiting_rows} rows wait"))
        future: asyncio.Future[LaneAnswer] = self._loop.create_future()
        self._waiting.append(Work(tensors, rows, deadline, future, self._loop.time()))
        self._waiting_rows += rows
        if self._idle and not self._pump_planned:
            # On the next turn of the loop: what arrived together goes together.
            self._pump_planned = True
            self._loop.call_soon(self._pump)
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_S, self._sweep_expired)
        return future

    @property
    def reachable(self) -> bool:
        """Whether a worker is connected."""
        return bool(self._idle or self._in_flight)

    @property
    def answered(self) -> int:
        """Requests answered so far."""
        return self._latency.count

    @property
    def p99_ms(self) -> float:
        """99th percentile of recent answers, queue and bento, in milliseconds."""
        return self._latency.p99_ms

    def close(self) -> None:
        """Give up all connections; what waits fails with LaneUnavailable."""
        self.set_addresses(())
        self._fail_waiting(LaneUnavailable(f"{self.version}: the lane was closed"))

    # --- batches ----------------------------------------------------------------------
    def _pump(self) -> None:
        self._pump_planned = False
        while self._idle and self._waiting:
            works, rows = self._take()
            if not works:
                return
            connection = self._idle.pop()
            columns = list(zip(*[work.tensors for work in works], strict=True))
            head = self._render_head(rows, columns)
            self._in_flight[connection] = Batch(works, rows, self._loop.time())
            self.batches += 1
            connection.send(head, [part for column in columns for part in column])

    def _take(self) -> tuple[list[Work], int]:
        """Everything that waits and is still wanted, up to the batch limit."""
        works: list[Work] = []
        rows, now = 0, self._loop.time()
        while self._waiting and (not works or rows + self._waiting[0].rows <= self._max_batch_rows):
            work = self._waiting.popleft()
            self._waiting_rows -= work.rows
            if work.future.done():
                continue
            if work.deadline <= now:
                self._expire(work)
                continue
            works.append(work)
            rows += work.rows
        return works, rows

    def _render_head(self, rows: int, columns: list[tuple[bytes, ...]]) -> bytes:
        numbers: list[int] = []
        for column in columns:
            numbers += (rows, sum(map(len, column)))
        return (self._template % tuple(numbers)).encode()

    def _on_answer(self, connection: LaneConnection, answer: HttpAnswer) -> None:
        batch = self._in_flight.pop(connection)
        if connection.is_open:
            self._idle.append(connection)
        now = self._loop.time()
        try:
            if answer.status != 200:
                text = answer.body[:200].decode("utf-8", "replace")
                raise BadAnswer(f"{self.version}: status {answer.status}: {text}")
            whole = read_batch(self.signature, answer.body, answer.header_length, batch.rows)
        except BadAnswer as error:
            for work in batch.works:
                self._fail(work, error)
        else:
            start = 0
            for work in batch.works:
                try:
                    self._answer(work, whole.slice(start, work.rows), batch, now)
                except BadAnswer as error:
                    self._fail(work, error)
                start += work.rows
        self._pump()

    def _answer(self, work: Work, outputs: dict[str, list[Any]], batch: Batch, now: float) -> None:
        if work.future.done():
            return
        self._latency.observe((now - work.queued_at) * 1000)
        queue_us = int((batch.sent_at - work.queued_at) * 1e6)
        lane_us = int((now - batch.sent_at) * 1e6)
        work.future.set_result(LaneAnswer(outputs, queue_us, lane_us, batch.rows))

    # --- failures ---------------------------------------------------------------------
    def _failed(self, error: LaneError) -> LaneError:
        self.failures[error.counted_as] = self.failures.get(error.counted_as, 0) + 1
        return error

    def _fail(self, work: Work, error: LaneError) -> None:
        if not work.future.done():
            work.future.set_exception(self._failed(error))

    def _fail_waiting(self, error: LaneError) -> None:
        while self._waiting:
            self._fail(self._waiting.popleft(), error)
        self._waiting_rows = 0

    def _expire(self, work: Work) -> None:
        self._fail(work, LaneTimeout(f"{self.version}: no answer in time"))

    def _sweep_expired(self) -> None:
        """Fail what is past its deadline; one timer a lane instead of one a request."""
        now = self._loop.time()
        self._sweep = None
        for work in self._waiting:
            if work.deadline <= now:
                self._expire(work)
        for connection, batch in list(self._in_flight.items()):
            for work in batch.works:
                if work.deadline <= now:
                    self._expire(work)
            if now - batch.sent_at > HUNG_AFTER_S:
                log.warning("lane_hung", version=self.version, address=connection.address)
                connection.close()
        while self._waiting and self._waiting[0].future.done():
            self._waiting_rows -= self._waiting.popleft().rows
        if self._waiting or self._in_flight:
            self._sweep = self._loop.call_later(SWEEP_S, self._sweep_expired)

    # --- connections ------------------------------------------------------------------
    async def _keep_connected(self, address: str) -> None:
        """Hold one connection to an address open, for as long as the address stands."""
        delay = RECONNECT_FIRST_S
        while True:
            lost = asyncio.Event()
            connection = LaneConnection(self._path, self._on_answer, self._lost_setter(lost))
            try:
                await connect(connection, address)
            except OSError as error:
                self._attempted = True
                if not self.reachable:
                    self._fail_waiting(LaneUnavailable(f"{self.version}: {error}"))
                await asyncio.sleep(delay)
                delay = min(delay * 2, RECONNECT_MAX_S)
                continue
            self._attempted = True
            self._idle.append(connection)
            self._pump()
            connected_at = self._loop.time()
            await lost.wait()
            # A worker that accepts and drops must not be hammered.
            if self._loop.time() - connected_at > RECONNECT_MAX_S:
                delay = RECONNECT_FIRST_S
            await asyncio.sleep(delay)
            delay = min(delay * 2, RECONNECT_MAX_S)

    def _lost_setter(self, lost: asyncio.Event) -> Any:
        def on_lost(connection: LaneConnection) -> None:
            lost.set()
            if connection in self._idle:
                self._idle.remove(connection)
            batch = self._in_flight.pop(connection, None)
            if batch is not None:
                for work in batch.works:
                    self._fail(work, LaneLost(f"{self.version}: the connection broke"))
            if not self.reachable:
                self._fail_waiting(LaneUnavailable(f"{self.version}: the worker went away"))

        return on_lost

    def _retire(self, connection: LaneConnection) -> None:
        """Close when idle; an in-flight batch may still be answered."""
        if connection in self._idle:
            self._idle.remove(connection)
            connection.close()
        else:
            connection.retire()


def _head_template(blocks: Sequence[TensorBlock]) -> str:
    """The JSON head of an infer request, with %d for each tensor's rows and bytes."""
    tensors = ",".join(
        f'{{"name":"{block.name}","shape":[%d,{block.width}],"datatype":"{block.datatype.value}",'
        '"parameters":{"binary_data_size":%d}}'
        for block in blocks
    )
    return f'{{"inputs":[{tensors}],"parameters":{{"binary_data_output":true}}}}'
