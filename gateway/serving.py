"""The running parts of one gateway process, and the snapshot its requests see."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from bentos.contract.documents import (
    DocumentName,
    KillBody,
    KillEntry,
    Revision,
)
from bentos.contract.errors import ContractError
from bentos.contract.local_kill import LocalKill, LocalKills
from gateway import report, shared_parts
from gateway.auth import Authenticator
from gateway.config import GatewayConfig
from gateway.document_stream import DocumentStream
from gateway.documents import DocumentStore, load_public_key
from gateway.lane import Lane
from gateway.lane_pressure import Pressure
from gateway.lane_set import LaneSet
from gateway.local_kill import LocalKillFile, obeyed
from gateway.metrics import Metrics
from gateway.overload import Overload
from gateway.past_snapshots import PastSnapshots
from gateway.pseudonym_key import load_pseudonymizer
from gateway.rate_limit import RateLimiter
from gateway.record import Recorder
from gateway.request_log import RequestLog
from gateway.routing import Routes
from gateway.shadow_feed import ShadowFeed
from gateway.shared_values import SharedValues
from gateway.shopify_doors import ShopifyDoors
from gateway.snapshot import Snapshot, addresses, compile_routes, with_schemas
from gateway.worker_slot import WorkerSlot, slot_count

if TYPE_CHECKING:
    from gateway.traces import Traces

log = structlog.get_logger(__name__)


class Serving:
    """Made inside the event loop; ``snapshot`` is replaced whole, never changed."""

    def __init__(
        self, config: GatewayConfig, gateway: str, boot: str, feed: socket.socket | None = None
    ) -> None:
        """``feed``: where copies for shadows go (``shadow_feed.py``)."""
        self.config = config
        self.gateway = gateway
        self.snapshot = Snapshot()
        self._past = PastSnapshots()
        self.draining = False
        self._bodies: dict[DocumentName, Any] = {}
        self._revisions: dict[DocumentName, Revision] = {}
        self.asked_kills = LocalKills()
        "Local kills as the file has them."
        self.local_kills: dict[str, LocalKill] = {}
        "Those of them that are obeyed."
        self._told: dict[str, tuple[str, bool]] = {}
        self.pressure = Pressure(config.max_pending_rows)
        self._lanes = LaneSet(config, self.pressure, self._past)
        self.overload = Overload()
        self._share()
        self._record(boot, feed)
        self._follow()

    def _share(self) -> None:
        """What the workers of this gateway have in common: counts and rates; who may call."""
        config = self.config
        count = slot_count(config.gateway_workers)
        self.slot = WorkerSlot.take(config.shared_path, count)
        self.shared = SharedValues(self.slot)
        self.metrics = Metrics(self.shared, config.shared_path, partial(report.samples, self))
        self.limiter = RateLimiter(config.shared_path, self.slot.number, count)
        self.authenticator = Authenticator(config.shop, self.limiter)
        self.shopify = ShopifyDoors(self.authenticator, config.keys_path)

    def _record(self, boot: str, feed: socket.socket | None) -> None:
        """What writes down what was done, and what is known about whom it is done for."""
        config, gateway = self.config, self.gateway
        self.log = shared_parts.decision_log(
            config, gateway, boot, sync=config.log_sync, calls=self.overload.calls
        )
        pseudonymizer = load_pseudonymizer(config.keys_path / "pseudonym.key")
        self.features = shared_parts.feature_lookup(config, pseudonymizer, self.shared)
        self.traces = _traces(config, gateway)
        self.request_log = RequestLog(config.slow_request_ms / 1000)
        self.recorder = Recorder(
            self.log,
            self.metrics,
            pseudonymizer,
            shop=config.shop,
            gateway=gateway,
            request_log=self.request_log,
            traces=self.traces,
        )
        self.shadow = ShadowFeed(
            feed, self.overload, sample=config.shadow_sample, max_rows=config.shadow_max_rows
        )

    def _follow(self) -> None:
        """Where documents and local kills come from."""
        config = self.config
        self.local_kill_file = LocalKillFile(config.local_kill_path, self._on_local_kills)
        self.store = DocumentStore(
            config.documents_path,
            load_public_key(config.keys_path / "documents.pub"),
            self._on_document,
        )
        self.stream = DocumentStream(
            config.control_plane_url, config.keys_path / "gateway.key", self.store
        )

    def close(self) -> None:
        """Close lanes and the decision log; what was counted stays for the other workers."""
        self._lanes.close(self.snapshot.lanes)
        self.shadow.flush()
        self.log.close()
        self.overload.close()
        self.metrics.publish()
        if self.traces is not None:
            self.traces.close()
        self.limiter.close()
        self.slot.release()

    def not_ready(self) -> str | None:
        """Why the gateway should get no traffic; a failing canary is never a reason."""
        if self.draining:
            return "draining"
        routes = self.snapshot.routes
        if routes is None or not routes.models:
            return "no routes and kills were published"
        for model in routes.models:
            lane = self.snapshot.lanes.get(routes.stable_of(model))
            if lane is None or not lane.reachable:
                return f"no worker of {routes.stable_of(model)} can be reached"
        return None

    def status(self) -> dict[str, Any]:
        """What /status shows."""
        return report.status(self)

    # --- documents --------------------------------------------------------------------
    def _on_document(self, name: DocumentName, body: Any, revision: Revision) -> None:
        """Compile with the new document; nothing changes if that raises ContractError."""
        bodies = {**self._bodies, name: body}
        revisions = {**self._revisions, name: revision}
        if name is DocumentName.KEYS:
            doors = self.shopify.prepared(body)
            self.authenticator.replace(body)
            # Nothing raises any more.
            self.shopify.take(doors)
            self.limiter.keep(self.authenticator.rates | self.shopify.rates)
        else:
            self._replace(self._compile(bodies, revisions))
            self._tell_local_kills()
        self._bodies, self._revisions = bodies, revisions

    def _on_local_kills(self, local: LocalKills) -> None:
        """Compile with the new local kills."""
        self.asked_kills = local
        self._replace(self._compile(self._bodies, self._revisions))
        self._tell_local_kills()

    def _replace(self, snapshot: Snapshot) -> None:
        self._past.add(self.snapshot)
        self.snapshot = snapshot

    def _tell_local_kills(self) -> None:
        """Log whose standing is new: a version that goes away takes its kill with it."""
        told = {
            model: (kill.id, model in self.local_kills)
            for model, kill in self.asked_kills.in_force().items()
        }
        for model, kill in self.asked_kills.in_force().items():
            if told[model] == self._told.get(model):
                continue
            facts = {"model": model, "version": kill.version, "kill": kill.id}
            if model in self.local_kills:
                log.warning("local_kill_obeyed", **facts)
            else:
                log.error("local_kill_refused", why="no running version of the model", **facts)
        self._told = told

    def _compile(
        self, bodies: dict[DocumentName, Any], revisions: dict[DocumentName, Revision]
    ) -> Snapshot:
        """Only what follows from a document that is new: a kill waits for nothing else."""
        last, known = self.snapshot, self._bodies
        changed = {name for name, body in bodies.items() if body is not known.get(name)}
        if DocumentName.SCHEMAS in changed:
            last = with_schemas(bodies[DocumentName.SCHEMAS], last)
        plan = None
        if changed & {DocumentName.SCHEMAS, DocumentName.ENDPOINTS}:
            plan = self._lanes.plan(addresses(bodies), last)
            last = replace(last, lanes=plan.lanes)
        kills = obeyed(self.asked_kills, last.model_of, last.lanes)
        routes = compile_routes(bodies, revisions, kills, last.routes)
        # Nothing raises any more.
        self.local_kills = kills
        if plan is not None:
            self._lanes.follow(plan, self.snapshot.lanes)
        self.overload.follow({m: self._room(m, routes, last.lanes) for m in last.models})
        return replace(last, routes=routes, features=self.features)

    def _room(self, model: str, routes: Routes | None, lanes: Mapping[str, Lane]) -> int:
        """How many calls of a model may stay: so many for each batch stable can be sent."""
        served = routes is not None and model in routes.models
        lane = lanes.get(routes.stable_of(model)) if routes is not None and served else None
        workers = len(lane.pool.workers) if lane is not None else 0
        return self.config.standing_calls * self.config.lane_slots * max(1, workers)

    @property
    def published_kills(self) -> Mapping[str, KillEntry]:
        """model → its kill, as the control plane published it."""
        body: KillBody = self._bodies.get(DocumentName.KILL, KillBody())
        return body.models


def _traces(config: GatewayConfig, gateway: str) -> "Traces | None":
    """Traces, if there is a collector to send them to."""
    if not config.otlp_endpoint:
        return None
    try:
        from gateway.traces import Traces  # noqa: PLC0415 - an extra of its own
    except ImportError as error:
        raise ContractError(
            "SIGNALBOX_OTLP_ENDPOINT",
            "the OpenTelemetry packages",
            str(error),
            "Install signalbox[telemetry], or unset it.",
        ) from error
    return Traces(config.otlp_endpoint, config.trace_share, gateway)
