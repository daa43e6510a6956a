"""The running parts of the shadow process: a snapshot of the shadows only, and who asks them.

Documents come from the folder in which the gateway's workers keep them, verified again: this
process has no connection to the control plane, and nobody waits for it.
"""

import asyncio
import contextlib
import select
import socket
from dataclasses import replace
from functools import lru_cache
from time import monotonic
from typing import Any

import msgspec
import structlog

from bentos.contract.documents import DocumentName, Revision
from gateway import shared_parts
from gateway.config import GatewayConfig
from gateway.documents import DocumentStore, Stamp, load_public_key
from gateway.lane_pressure import Pressure
from gateway.lane_set import LaneSet
from gateway.metrics import Metrics
from gateway.niceness import give_way
from gateway.past_snapshots import PastSnapshots
from gateway.pseudonym_key import load_pseudonymizer
from gateway.report import Samples
from gateway.shadow import ShadowLimits, ShadowMirror
from gateway.shadow_comparison import Tolerance
from gateway.shadow_copy import ArrivedCopy, decode_copies
from gateway.shadow_feed import MAX_DATAGRAM_BYTES
from gateway.shared_values import SharedValues
from gateway.snapshot import ModelView, Snapshot, addresses, compile_routes, with_schemas
from gateway.worker_slot import SHADOW, WorkerSlot

log = structlog.get_logger(__name__)

LOOK_S = 0.125
TEND_S = 1.0
# A process and its predecessor, which may still be ending.
SLOTS = 2
POLL_S = 0.01


class ShadowServing:
    """Made inside the event loop. ``sink`` is where copies arrive (``shadow_feed.Channel``)."""

    def __init__(self, config: GatewayConfig, gateway: str, boot: str, sink: socket.socket) -> None:
        self.snapshot = Snapshot()
        self._config = config
        self._sink = sink
        self._bodies: dict[DocumentName, Any] = {}
        self._revisions: dict[DocumentName, Revision] = {}
        self._stamp: Stamp = ()
        self._changing = False
        self._ended = False
        self._past = PastSnapshots()
        self._lanes = LaneSet(config, Pressure(config.max_pending_rows), self._past)
        self._slot = WorkerSlot.take(config.shared_path, SLOTS, SHADOW)
        shared = SharedValues(self._slot)
        self._metrics = Metrics(shared, config.shared_path, self._samples)
        pseudonymizer = load_pseudonymizer(config.keys_path / "pseudonym.key")
        self.features = shared_parts.feature_lookup(_patient(config), pseudonymizer, shared)
        self.log = shared_parts.decision_log(config, gateway, boot)
        self.mirror = ShadowMirror(self.log, _limits(config))
        self._store = DocumentStore(
            config.documents_path,
            load_public_key(config.keys_path / "documents.pub"),
            self._on_document,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Know the documents and reach the shadows, within a moment; then take copies."""
        self._look()
        await self.features.store.refresh()
        until = monotonic() + self._config.shadow_deadline_ms / 1000
        while monotonic() < until and not self._all_reached():  # noqa: ASYNC110
            await asyncio.sleep(POLL_S)
        self._tasks = [
            asyncio.create_task(self.features.run()),
            asyncio.create_task(self._metrics.keep_published()),
            asyncio.create_task(self._look_again()),
            asyncio.create_task(self._tend()),
        ]
        asyncio.get_running_loop().add_reader(self._sink.fileno(), self._take_some)

    async def stop(self) -> None:
        """Ask what was handed over, within its deadline, then close everything."""
        until = monotonic() + self._config.shadow_deadline_ms / 1000
        while (  # noqa: ASYNC110
            self.mirror.busy or self._something_lies_there()
        ) and monotonic() < until:
            await asyncio.sleep(POLL_S)
        asyncio.get_running_loop().remove_reader(self._sink.fileno())
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.features.store.close()
        self._lanes.close(self.snapshot.lanes)
        self.log.close()
        self._metrics.publish()

    # --- copies -----------------------------------------------------------------------
    def _something_lies_there(self) -> bool:
        if self._ended:
            return False
        readable, _, _ = select.select([self._sink], [], [], 0)
        return bool(readable)

    def _take_some(self) -> None:
        """One hand-over a turn: on a busy machine even that takes a while, and answers that wait
        meanwhile would look late."""
        try:
            data = self._sink.recv(MAX_DATAGRAM_BYTES)
        except BlockingIOError:
            return
        if data:
            self._take_all(data)
        else:
            self._end_taking()

    def _end_taking(self) -> None:
        """Parent and workers are gone: there is nothing to be read, and never will be."""
        asyncio.get_running_loop().remove_reader(self._sink.fileno())
        self._ended = True

    def _take_all(self, data: bytes) -> None:
        try:
            copies = decode_copies(data)
        except msgspec.MsgspecError:
            # Of workers that came with another release, until a rolling restart replaces this.
            log.error("shadow_copies_unreadable", bytes=len(data))
            return
        for copy in copies:
            self._take(copy)
            give_way()

    def _take(self, copy: ArrivedCopy) -> None:
        snapshot = self.snapshot
        view = snapshot.models.get(copy.model)
        rows = None if view is None else _rows(view, copy)
        if rows is None:
            for version in copy.versions:
                self.mirror.tally.dropped[version, "unavailable"] += 1
        else:
            self.mirror.mirror(copy, rows, snapshot)

    # --- documents --------------------------------------------------------------------
    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._look()

    def _look(self) -> None:
        """Load the documents if any was written anew; those at hand stay where that fails."""
        try:
            stamp = self._store.stamp()
            if stamp == self._stamp or self._waits_for_the_rest():
                return
            self._stamp = stamp
            self._store.look()
        except OSError as error:
            log.error("documents_not_looked_at", error=str(error))

    def _waits_for_the_rest(self) -> bool:
        """Until the next look: what changes may be there in half. Not before there is any."""
        self._changing = bool(self._stamp) and not self._changing
        return self._changing

    def _on_document(self, name: DocumentName, body: Any, revision: Revision) -> None:
        """Compile with the new document; nothing changes if that raises ContractError."""
        if name is DocumentName.KEYS:
            return
        bodies = {**self._bodies, name: body}
        revisions = {**self._revisions, name: revision}
        last = self.snapshot
        if name is DocumentName.SCHEMAS:
            last = with_schemas(body, last)
        routes = compile_routes(bodies, revisions, {}, last.routes)
        shadows = frozenset() if routes is None else routes.shadows()
        places = {v: where for v, where in addresses(bodies).items() if v in shadows}
        plan = self._lanes.plan(places, last)
        # Nothing raises any more.
        self._lanes.follow(plan, self.snapshot.lanes)
        self._past.add(self.snapshot)
        self.snapshot = replace(last, lanes=plan.lanes, routes=routes, features=self.features)
        self._bodies, self._revisions = bodies, revisions

    def _all_reached(self) -> bool:
        lanes = self.snapshot.lanes.values()
        return bool(lanes) and all(lane.reachable for lane in lanes)

    # --- what it says of itself -------------------------------------------------------
    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TEND_S)
            self.log.tend()

    def _samples(self) -> Samples:
        yield from self.mirror.tally.metrics()
        yield from self.features.metrics()
        for lane in self.snapshot.lanes.values():
            yield from lane.metrics()


def _rows(view: ModelView, copy: ArrivedCopy) -> list[Any] | None:
    """None for rows of a signature that has just been replaced: they are none of the new one."""
    try:
        return _rows_decoder(view).decode(copy.rows)
    except msgspec.MsgspecError:
        return None


# Of the models there are; views that were replaced need not stay for good.
@lru_cache(64)
def _rows_decoder(view: ModelView) -> msgspec.msgpack.Decoder[list[Any]]:
    return msgspec.msgpack.Decoder(list[view.row_type])  # type: ignore[name-defined]


def _patient(config: GatewayConfig) -> GatewayConfig:
    """With time for the store as long as a copy has any: nobody waits, and a shadow whose features
    came late, with little of the processor, would be compared by its defaults."""
    return config.model_copy(update={"online_store_timeout_ms": config.shadow_deadline_ms})


def _limits(config: GatewayConfig) -> ShadowLimits:
    return ShadowLimits(
        queue=config.shadow_queue,
        concurrency=config.shadow_concurrency,
        deadline_s=config.shadow_deadline_ms / 1000,
        max_bytes=config.shadow_max_bytes,
        tolerance=Tolerance(config.shadow_tolerance, config.shadow_min_overlap),
    )
