"""The one thread that writes: what came is made durable in groups, then applied.

Whoever waits for a group is answered when its commit is on the disk. Between two groups a batch
of waiting deliveries is applied, so that a storm neither starves the answers nor the work. All
other writers (fraud loop, reconcile) hand their transactions to it as well.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from control_plane.shopify.delivery import Delivery
from control_plane.shopify.inbox import State, transaction

GROUP = 256
"""Deliveries in one commit."""
BATCH = 128
"""Waiting deliveries applied in one transaction while nobody waits for the disk."""
BATCH_BESIDE = 16
"""And while somebody does: Shopify's patience is shorter than the work's."""
IDLE_S = 0.5
T = TypeVar("T")
Apply = Callable[[sqlite3.Connection, int], int]
"""Applies at most so many waiting deliveries in a transaction of its own; how many it did."""
log = structlog.get_logger(__name__)


class BusyError(Exception):
    """More waits for the disk than may, or nothing is written any more."""


@dataclass(frozen=True, slots=True)
class _Intake:
    delivery: Delivery
    done: Future[bool]


@dataclass(frozen=True, slots=True)
class _Task:
    run: Callable[[sqlite3.Connection], Any]
    done: Future[Any]
    bare: bool = False


class InboxWriter:
    """``failing``: why the last group or batch could not be written."""

    def __init__(self, connection: sqlite3.Connection, apply: Apply, limit: int) -> None:
        self.failing: str | None = None
        self.commits = 0
        self._connection = connection
        self._apply = apply
        self._limit = limit
        self._queue: queue.SimpleQueue[_Intake | _Task | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox")

    @property
    def depth(self) -> int:
        """What waits for the disk."""
        return self._queue.qsize()

    @property
    def alive(self) -> bool:
        """Whether anything is written at all."""
        return self._thread.is_alive()

    @property
    def takes(self) -> bool:
        """Whether what is handed over now will be written: not while it ends, nor afterwards."""
        return not (self._stopping.is_set() or self._ended.is_set())

    def start(self) -> None:
        """Go on in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was taken, then end."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def take(self, delivery: Delivery) -> Future[bool]:
        """Done when it is on the disk: True, or False where it had come before. BusyError."""
        if self._queue.qsize() >= self._limit or not self.takes:
            raise BusyError
        done: Future[bool] = Future()
        self._hand(_Intake(delivery, done))
        return done

    def write(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """Have a transaction of its own made and wait for it (not in the writer's thread).

        Raises BusyError when the thread has ended.
        """
        return self._wait_for(run, bare=False)

    def alone(self, run: Callable[[sqlite3.Connection], T]) -> T:
        """The same for what makes its own transaction, such as VACUUM: nothing is written
        meanwhile, and what comes waits or is told to come again."""
        return self._wait_for(run, bare=True)

    def _wait_for(self, run: Callable[[sqlite3.Connection], T], *, bare: bool) -> T:
        if self._ended.is_set():
            raise BusyError
        done: Future[T] = Future()
        self._hand(_Task(run, done, bare))
        return done.result()

    def _hand(self, what: _Intake | _Task) -> None:
        self._queue.put(what)
        if self._ended.is_set():
            # It ended meanwhile, and may have looked for what is left before this was there.
            self._refuse_rest()

    def _run(self) -> None:
        try:
            self._go_on()
        finally:
            self._ended.set()
            self._refuse_rest()

    def _refuse_rest(self) -> None:
        """Nobody waits for what nobody will write; several threads may be at it."""
        with suppress(queue.Empty):
            while True:
                left = self._queue.get_nowait()
                if left is not None:
                    left.done.set_exception(BusyError())

    def _go_on(self) -> None:
        behind = True
        while True:
            group = self._next(wait=not behind)
            if self._stopping.is_set() and not group and self._queue.empty():
                return
            self._serve(group)
            try:
                batch = BATCH if self._queue.empty() else BATCH_BESIDE
                behind = self._apply(self._connection, batch) >= batch
                self.failing = None
            except Exception as error:
                self.failing, behind = type(error).__name__, False
                log.exception("ingress_apply_failed")
                time.sleep(IDLE_S)

    def _next(self, *, wait: bool) -> list[_Intake | _Task]:
        group: list[_Intake | _Task] = []
        try:
            first = self._queue.get(timeout=IDLE_S) if wait else self._queue.get_nowait()
            while first is not None:
                group.append(first)
                if len(group) >= GROUP:
                    break
                first = self._queue.get_nowait()
        except queue.Empty:
            pass
        return group

    def _serve(self, group: list[_Intake | _Task]) -> None:
        intakes = [each for each in group if isinstance(each, _Intake)]
        if intakes:
            self._commit(intakes)
        for task in group:
            if isinstance(task, _Task):
                self._do(task)

    def _commit(self, intakes: list[_Intake]) -> None:
        try:
            with transaction(self._connection):
                fresh = [_insert(self._connection, each.delivery) for each in intakes]
        except Exception as error:
            self.failing = type(error).__name__
            log.exception("ingress_not_durable")
            for each in intakes:
                each.done.set_exception(error)
            return
        self.commits += 1
        for each, is_new in zip(intakes, fresh, strict=True):
            each.done.set_result(is_new)

    def _do(self, task: _Task) -> None:
        try:
            with nullcontext() if task.bare else transaction(self._connection):
                result = task.run(self._connection)
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            task.done.set_exception(error)
        else:
            task.done.set_result(result)


def _insert(connection: sqlite3.Connection, delivery: Delivery) -> bool:
    """Whether it had not come before."""
    state = State.WAITING
    if delivery.kept is None:
        state = State.SET_ASIDE if delivery.error else State.IGNORED
    finished = delivery.received_at if state is not State.WAITING else None
    claims = delivery.claims
    cursor = connection.execute(
        "INSERT OR IGNORE INTO delivery (client_id, webhook_id, topic, shop, domain, received_at,"
        " state, kept, error, done_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            delivery.client_id,
            claims.webhook_id,
            claims.topic,
            delivery.shop,
            claims.domain,
            delivery.received_at,
            state,
            delivery.kept,
            delivery.error,
            finished,
        ),
    )
    if cursor.rowcount == 1 and state is not State.WAITING:
        count(connection, claims.topic, state)
    return cursor.rowcount == 1


def count(connection: sqlite3.Connection, topic: str, state: State) -> None:
    """One more of a topic reached a state."""
    connection.execute(
        "INSERT INTO tally VALUES (?, ?, 1)"
        " ON CONFLICT (topic, state) DO UPDATE SET count = count + 1",
        (topic, state),
    )
