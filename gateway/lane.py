"""One lane per version: when a slot frees, take everything that waits, in one call.

Never waits to fill a batch. A slot is one connection to a worker of the version. A batch whose
worker broke or hangs goes to another worker, inside the deadline and a budget. The lane knows no
routes and no variants: it answers, or says why it cannot (LaneError).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic

from bentos.contract.features import TensorBlock
from bentos.contract.signature import ModelSignature
from gateway.batch import Batch, LaneAnswer, Work
from gateway.batch_answer import BatchAnswer, read_batch
from gateway.errors import (
    BadAnswer,
    BatchRefused,
    LaneError,
    LaneFull,
    LaneLost,
    LaneTimeout,
    LaneUnavailable,
)
from gateway.lane_connection import HttpAnswer, LaneConnection
from gateway.lane_flight import Flight
from gateway.lane_pool import WorkerPool
from gateway.lane_pressure import CANARY, LIVE, Pressure, Priority
from gateway.lane_queue import LaneQueue
from gateway.lane_refusal import refused
from gateway.lane_request import Encoding, InferRequests
from gateway.lane_retry import RetryBudget, SecondTries
from gateway.lane_tally import LaneTally
from gateway.lane_watch import SilenceWatch
from gateway.latency import LatencyWindow

SWEEP_S = 0.005
# How often a lane that left the endpoints looks whether anybody may still come to it.
LEAVE_S = 0.05


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
        pressure: Pressure,
    ) -> None:
        self.version = version
        self.signature = signature
        self.tally = LaneTally()
        self.pool = WorkerPool(
            version,
            f"/v2/models/{signature.model}/infer",
            slots,
            self._on_answer,
            self._on_lost,
            self._pump,
            self._on_down,
        )
        self._max_batch_rows = max_batch_rows
        self._queue = LaneQueue(version, max_waiting_rows, pressure, self._expire)
        self._loop = asyncio.get_running_loop()
        self._requests = InferRequests(blocks)
        self._again = SecondTries(self.pool)
        self._flight = Flight(self.retries)
        self._pump_planned = False
        self._sweep: asyncio.TimerHandle | None = None
        self._latency = LatencyWindow()
        self._watch = SilenceWatch(version, self.pool, self._again, self._latency)

    # --- what callers use -------------------------------------------------------------
    def set_addresses(self, addresses: Sequence[str]) -> None:
        """Follow the endpoints document; raises ContractError for an address of no known kind."""
        self.pool.set_addresses(addresses)

    def submit(
        self,
        tensors: tuple[bytes, ...],
        rows: int,
        deadline: float,
        priority: Priority = LIVE,
        traceparent: bytes | None = None,
    ) -> "asyncio.Future[LaneAnswer]":
        """Queue one request; ``deadline`` is time.monotonic. Raises LaneUnavailable or LaneFull."""
        pool, failed = self.pool, self.tally.failed
        if not (pool.idle or self._flight) and pool.is_down:
            raise failed(LaneUnavailable(f"{self.version}: no worker can be reached"))
        if priority is CANARY and not pool.idle and self._flight.is_silent(monotonic()):
            # Whoever waits behind it would leave stable only the reserve.
            raise failed(LaneUnavailable(f"{self.version}: no worker answers"))
        try:
            self._queue.check_room(rows, priority)
        except LaneFull as error:
            failed(error)
            raise
        future: asyncio.Future[LaneAnswer] = self._loop.create_future()
        self._queue.add(Work(tensors, rows, deadline, future, monotonic(), traceparent))
        if pool.idle and not self._pump_planned:
            self._plan_pump()
        if self._sweep is None:
            self._sweep = self._loop.call_later(SWEEP_S, self._sweep_expired)
        return future

    @property
    def reachable(self) -> bool:
        """Whether a worker is connected."""
        return bool(self.pool.idle or self._flight)

    @property
    def answered(self) -> int:
        """Requests answered so far."""
        return self._latency.count

    @property
    def p99_ms(self) -> float:
        """99th percentile of recent answers, queue and bento, in milliseconds."""
        return self._latency.p99_ms

    @property
    def batches(self) -> int:
        """Calls made to workers so far."""
        return self.tally.sent

    @property
    def failures(self) -> dict[str, int]:
        """Requests that got no answer so far, by kind."""
        return self.tally.failures

    def metrics(self) -> Iterable[tuple[str, str, dict[str, str], float]]:
        """What this lane came to, for /metrics."""
        return self.tally.metrics(self.version, self.answered, self.retries, self.pool.ejections)

    async def leave(self, may_be_asked: Callable[[], bool]) -> None:
        """Close once nobody waits here, and none of those who were routed before now may come:
        a caller of a canary has stable to fall back on. Each has a deadline, so this ends."""
        await asyncio.sleep(LEAVE_S)
        while may_be_asked() or self._queue.waiting or self._again.waiting:  # noqa: ASYNC110
            await asyncio.sleep(LEAVE_S)
        self.close()

    def close(self) -> None:
        """Give up all connections; what waits fails with LaneUnavailable."""
        self.set_addresses(())
        self._fail_waiting(LaneUnavailable(f"{self.version}: the lane was closed"))

    # --- batches ----------------------------------------------------------------------
    def _plan_pump(self) -> None:
        """Once the loop has looked at its sockets again: what lay ready together goes together."""
        if not self._pump_planned:
            self._pump_planned = True
            # The end of this turn is before that look, the end of the next one after it.
            self._loop.call_soon(self._loop.call_soon, self._pump)

    def _pump(self) -> None:
        self._pump_planned = False
        if self._again.waiting:
            self._send_again()
        pool, queue = self.pool, self._queue
        while queue.waiting and pool.idle:
            batch = queue.take(self._max_batch_rows, monotonic())
            if batch is not None:
                self._send(batch)

    def _send_again(self) -> None:
        """Batches that failed elsewhere go first: their callers have waited longest."""
        for batch, connection in self._again.due(monotonic()):
            self._send(batch, connection)

    def _send(self, batch: Batch, connection: LaneConnection | None = None) -> None:
        connection = connection or self.pool.take()
        assert connection is not None
        now = batch.sent_at = monotonic()
        self._flight.begins(connection, batch)
        self.tally.sent += 1
        # The longest of the batch: dropping it whole would fail those who can still wait.
        # (0 would mean no limit.)
        left_us = max(1, int((max([work.deadline for work in batch.works]) - now) * 1e6))
        trace = batch.traceparent()
        if connection.worker.encoding is Encoding.BINARY:
            connection.send_binary(self._requests.binary(batch.works, batch.rows, left_us), trace)
        else:
            connection.send_json(self._requests.json(batch.works, batch.rows, left_us), trace)

    # --- answers ----------------------------------------------------------------------
    def _on_answer(self, connection: LaneConnection, answer: HttpAnswer) -> None:
        batch = self._flight.ends(connection)
        if batch is None:
            connection.close()  # an answer to nothing: this server cannot be followed
            return
        worker = connection.worker
        self.pool.give_back(connection)
        if answer.status == 200:
            self._pump()  # the worker need not wait until its answer is read
        try:
            if answer.status != 200:
                raise refused(self.version, worker, answer)
            whole = read_batch(self.signature, answer.body, answer.header_length, batch.rows)
        except LaneError as error:
            self._batch_failed(batch, connection, error)
        else:
            worker.encoding_is_sure = True
            self.pool.succeeded(worker, batch.sent_at)
            self._hand_out(batch, whole)

    def _hand_out(self, batch: Batch, whole: BatchAnswer) -> None:
        """Each request its part, unless it waits no more."""
        now, end = monotonic(), 0
        self.tally.add(batch, now)
        lane_us = int((now - batch.sent_at) * 1e6)
        for work in batch.works:
            start, end = end, end + work.rows
            if work.future.done():
                continue
            try:
                outputs = whole.slice(start, work.rows)
            except BadAnswer as error:
                self._fail(work, error)
                continue
            self._latency.observe((now - work.queued_at) * 1000)
            queue_us = int((batch.sent_at - work.queued_at) * 1e6)
            work.future.set_result(LaneAnswer(outputs, queue_us, lane_us, batch.rows))

    # --- second tries -----------------------------------------------------------------
    @property
    def retries(self) -> RetryBudget:
        """How many batches were tried again."""
        return self._again.budget

    def _batch_failed(self, batch: Batch, connection: LaneConnection, error: LaneError) -> None:
        if error.is_workers_fault and not (batch.is_part and isinstance(error, BatchRefused)):
            self.pool.failed(connection.worker)
        self._plan_pump()
        if batch.twin is not None and not batch.twin.is_over:
            return  # another worker may still answer
        if self._again.after(batch, connection, error, monotonic()):
            return
        if len(batch.works) > 1:
            error = error.unquoted()
        for work in batch.works:
            self._fail(work, error)

    # --- failures ---------------------------------------------------------------------
    def _fail(self, work: Work, error: LaneError) -> None:
        if not work.future.done():
            # The frames it came through hold this work: a cycle, and with it all that the caller
            # saw, its snapshot too, would stay until the collector looks, which it seldom does.
            work.future.set_exception(self.tally.failed(error).with_traceback(None))

    def _fail_waiting(self, error: LaneError) -> None:
        for batch in self._again.give_up():
            for work in batch.works:
                self._fail(work, error)
        self._queue.fail(error, self._fail)

    def _expire(self, work: Work) -> None:
        self._fail(work, LaneTimeout(f"{self.version}: no answer in time"))

    def _on_lost(self, connection: LaneConnection) -> None:
        batch = self._flight.ends(connection)
        if batch is not None:
            self._batch_failed(batch, connection, LaneLost(f"{self.version}: the connection broke"))

    def _on_down(self, why: str) -> None:
        if not self._flight:
            self._fail_waiting(LaneUnavailable(f"{self.version}: {why}"))

    # --- time -------------------------------------------------------------------------
    def _sweep_expired(self) -> None:
        """Fail what is past its deadline; one timer a lane instead of one a request."""
        now = monotonic()
        self._sweep = None
        queue, again = self._queue, self._again
        if now >= queue.earliest:
            queue.expire(now, (*self._flight.batches.values(), *again.waiting))
        for connection, batch in list(self._flight.batches.items()):
            if self._watch.look(connection, batch, now):
                self._plan_pump()
        if again.waiting:
            self._send_again()
        if queue.waiting or self._flight or again.waiting:
            self._sweep = self._loop.call_later(SWEEP_S, self._sweep_expired)
