"""The thread that makes deliveries of events and sends them, in an event loop of its own.

Each pass looks whether the register is ahead and whether something is due; what it takes is
sent to each webhook one after the other, and to several webhooks at once. It writes only when
there is something to write. Whatever goes wrong, the next pass starts from the tables again.
"""

import asyncio
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from control_plane import clock
from control_plane.crash_point import CrashPoint, crash_point
from control_plane.db import Database
from control_plane.identifier import new_id
from control_plane.metrics import Metrics
from control_plane.webhooks import deliveries, lease, outbox, signature
from control_plane.webhooks.address import AddressPolicy
from control_plane.webhooks.lease import Batch, Due
from control_plane.webhooks.outcome import DAY_S, Patience, note_attempt
from control_plane.webhooks.seal import Seal, UnreadableError
from control_plane.webhooks.secrets import open_secrets
from control_plane.webhooks.sender import Answer, Sender

CONCURRENT = 16
"""Webhooks that one process sends to at once."""
COUNT_EVERY_S = 15.0
PRUNE_EVERY_S = 3600.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How it is sent; times in seconds unless they say otherwise."""

    policy: AddressPolicy
    timeout_s: float
    interval_s: float
    disable_days: float
    keep_days: float
    ca_file: Path | None = None

    @property
    def lease_s(self) -> float:
        """A webhook is another process's when nothing was noted for so long."""
        return 2 * self.timeout_s + 5


class Dispatcher:
    """Passes every ``interval_s``. ``failing``: what went wrong in the last one.

    Raises ContractError for a file that holds no certificates.
    """

    def __init__(
        self,
        database: Database,
        seal: Seal,
        plan: Plan,
        metrics: Metrics,
        now: Callable[[], str] = clock.now,
    ) -> None:
        self.seal = seal
        self.plan = plan
        self.failing: str | None = None
        self.counts = deliveries.Counts(0, 0.0, 0)
        self._sender = Sender(plan.policy, plan.timeout_s, plan.ca_file)
        self._database = database
        self._metrics = metrics
        self._now = now
        self._holder = new_id()
        self._patience = Patience(days=plan.disable_days, chance=random.random)
        self._seen = 0
        self._due_times = {"count": "", "prune": ""}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wanted: asyncio.Event | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        for name, text, value in (
            ("deliveries_pending", "Deliveries that wait.", lambda: self.counts.pending),
            ("oldest_pending_seconds", "How long the oldest waits.", lambda: self.counts.oldest_s),
            ("deliveries_dead", "Dead letters.", lambda: self.counts.dead),
        ):
            metrics.gauge(f"webhook_{name}", text, value)

    def start(self) -> None:
        """Go on in a thread of its own."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self.run()), name="webhooks")
        self._thread.start()

    def stop(self) -> None:
        """Break off what is under way: it is sent again by whoever comes next."""
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join()

    async def run(self) -> None:
        """Pass until ``stop``."""
        self._loop, self._wanted = asyncio.get_running_loop(), asyncio.Event()
        try:
            while not self._stopping.is_set():
                await self.make_pass()
                await self._pause()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await self._sender.close()
            await asyncio.to_thread(self._give_back)

    async def make_pass(self) -> None:
        """Look once, and begin to send what is due."""
        try:
            batches = await asyncio.to_thread(self._look)
            self.failing = None
            self._metrics.ran("webhooks", failed=False)
        except Exception as error:
            self.failing = f"{type(error).__name__}: {error}"
            self._metrics.ran("webhooks", failed=True)
            log.exception("webhooks: a pass failed")
            return
        for batch in batches:
            if batch.webhook_id in self._tasks:
                continue
            sending = self._send_all(batch)
            task = asyncio.create_task(sending, name=batch.webhook_id)
            self._tasks[batch.webhook_id] = task
            task.add_done_callback(self._ended)

    async def idle(self) -> None:
        """Wait until all that was begun is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task.get_name()]
        if self._wanted is not None:
            # There may be more than one batch takes.
            self._wanted.set()

    def _wake(self) -> None:
        if self._loop is not None and self._wanted is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wanted.set)

    async def _pause(self) -> None:
        assert self._wanted is not None
        try:
            async with asyncio.timeout(self.plan.interval_s):
                await self._wanted.wait()
        except TimeoutError:
            return
        self._wanted.clear()

    # --- in threads: the database -------------------------------------------------------
    def _look(self) -> list[Batch]:
        with self._database.read() as session:
            behind, head = outbox.is_behind(session, self._seen)
        if behind:
            self._catch_up()
        self._seen = head
        now = self._now()
        self._keep_house(now)
        free = CONCURRENT - len(self._tasks)
        with self._database.read() as session:
            if free <= 0 or not lease.is_due(session, now):
                return []
        crash_point(CrashPoint.WEBHOOKS_DUE)
        with self._database.write() as session:
            until = clock.after(now, self.plan.lease_s)
            return lease.take(session, self._holder, now, until, free)

    def _catch_up(self) -> None:
        more = True
        while more and not self._stopping.is_set():
            with self._database.write() as session:
                more = outbox.advance(session)

    def _keep_house(self, now: str) -> None:
        if self._is_time("count", now, COUNT_EVERY_S):
            with self._database.read() as session:
                self.counts = deliveries.count(session, now)
        if self._is_time("prune", now, PRUNE_EVERY_S):
            before, more = clock.after(now, -self.plan.keep_days * DAY_S), True
            with self._database.read() as session:
                more = deliveries.has_old(session, before)
            while more and not self._stopping.is_set():
                with self._database.write() as session:
                    more = deliveries.prune(session, before) > 0

    def _is_time(self, what: str, now: str, every_s: float) -> bool:
        if now < self._due_times[what]:
            return False
        self._due_times[what] = clock.after(now, every_s)
        return True

    def _sign(self, webhook_id: str, due: Due, now: str) -> dict[str, str]:
        with self._database.read() as session:
            live = open_secrets(session, self.seal, webhook_id, now)
        seconds = int(datetime.fromisoformat(now).timestamp())
        return signature.headers(due.message_id, seconds, due.body, live)

    def _note(self, batch: Batch, due: Due, answer: Answer) -> bool:
        """Write an attempt down; whether the webhook is ours to go on with."""
        now = self._now()
        with self._database.write() as session:
            verdict = note_attempt(session, due.delivery_id, answer, self._patience, now)
            until = clock.after(now, self.plan.lease_s)
            ours = lease.keep(session, self._holder, batch.webhook_id, now, until)
        if verdict is not None:
            self._metrics.webhook_attempt(verdict.value)
        return ours

    def _give_back(self, webhook_id: str | None = None) -> None:
        try:
            with self._database.write() as session:
                lease.give_back(session, self._holder, webhook_id)
        except Exception:
            # Then it is over when its time is.
            log.exception("webhooks: could not be given back")

    # --- in the loop --------------------------------------------------------------------
    async def _send_all(self, batch: Batch) -> None:
        try:
            for due in batch.due:
                if not await self._send(batch, due):
                    return
        except Exception:
            log.exception("webhooks: a delivery failed", webhook=batch.webhook_id)
        await asyncio.to_thread(self._give_back, batch.webhook_id)

    async def _send(self, batch: Batch, due: Due) -> bool:
        try:
            headers = await asyncio.to_thread(self._sign, batch.webhook_id, due, self._now())
        except UnreadableError as error:
            answer = Answer(error=f"the secret cannot be read: {error}; rotate it")
        else:
            answer = await self._sender.send(batch.url, headers, due.body)
            crash_point(CrashPoint.WEBHOOK_SENT)
        return await asyncio.to_thread(self._note, batch, due, answer)
