"""Puts the control plane together. The only file that knows all slices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from fastapi import Depends, FastAPI

from bentos.decision_lake.files import Lake
from control_plane import denials, health, metrics_endpoint, problem
from control_plane.audit import endpoints as audit
from control_plane.audit import export_endpoint, proof_endpoints, reads
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.register_key import load_register_signer
from control_plane.callers import endpoints as callers
from control_plane.config import Settings
from control_plane.consents import endpoints as consents
from control_plane.consents import exclusion_endpoints as exclusions
from control_plane.console.install import install as install_console
from control_plane.db import Database
from control_plane.decisions import endpoints as decisions
from control_plane.decisions import proof_endpoints as evidence
from control_plane.decisions import upkeep_endpoints as lake_upkeep
from control_plane.decisions.engine import Engine
from control_plane.decisions.inference import Workers
from control_plane.decisions.lake_exposures import LakeExposures
from control_plane.decisions.store import DecisionStore
from control_plane.decisions.upkeep import Upkeep
from control_plane.denials import Strangers
from control_plane.envelope import Envelope
from control_plane.follow import endpoints as follow
from control_plane.follow.follower import Follower
from control_plane.growthbook import endpoints as growthbook
from control_plane.idempotency.requests import note_key
from control_plane.inquiry import endpoints as inquiry
from control_plane.lint import endpoints as linter
from control_plane.metrics import Metrics
from control_plane.nights import endpoints as nights
from control_plane.nul import refuse_nul_in_address
from control_plane.ofrep import endpoints as ofrep
from control_plane.openapi import document as openapi
from control_plane.parts import Parts
from control_plane.people import endpoints as people
from control_plane.people import key_endpoints as persons_keys
from control_plane.people import oidc_endpoints as own_oidc
from control_plane.people import session_endpoints as own_session
from control_plane.people.oidc_settings import OidcSettings
from control_plane.people.provider import make_provider
from control_plane.publish import endpoints as documents
from control_plane.publish import fleet_endpoints as fleet
from control_plane.publish.feed import Feed
from control_plane.publish.publisher import Publisher
from control_plane.publish.signing import load_signer
from control_plane.redactions import endpoints as redactions
from control_plane.redactions.redactor import Redactor
from control_plane.redactions.task import RedactionTask
from control_plane.registry import endpoints as registry
from control_plane.releases import endpoints as releases
from control_plane.releases import freeze_endpoints as freezes
from control_plane.releases import group_endpoints as groups
from control_plane.releases import preview_endpoints as previews
from control_plane.releases import review_endpoints as reviews
from control_plane.request_metrics import CountedRequests
from control_plane.shopify_apps import endpoints as shopify_apps
from control_plane.state_metrics import StateMetrics
from control_plane.webhooks import delivery_endpoints as webhook_deliveries
from control_plane.webhooks import endpoints as webhooks
from control_plane.webhooks.dispatcher import Dispatcher, Plan
from control_plane.webhooks.seal import load_seal

log = structlog.get_logger(__name__)
SUM_UP_EVERY_S = 1.0
ROUTERS = (
    health.router,
    metrics_endpoint.router,
    registry.router,
    # Before the releases, whose last path takes any verb.
    previews.router,
    releases.router,
    freezes.router,
    groups.router,
    reviews.router,
    callers.router,
    shopify_apps.router,
    webhooks.router,
    webhook_deliveries.router,
    people.router,
    persons_keys.router,
    own_session.router,
    own_oidc.router,
    audit.router,
    proof_endpoints.router,
    decisions.router,
    evidence.router,
    export_endpoint.router,
    inquiry.router,
    lake_upkeep.router,
    documents.router,
    fleet.router,
    growthbook.router,
    ofrep.router,
    linter.router,
    follow.router,
    consents.router,
    nights.router,
    exclusions.router,
    redactions.router,
)


def create_app(settings: Settings, oidc: OidcSettings | None = None) -> FastAPI:
    """The application over an initialised and migrated home.

    ``oidc``: from the environment by default. Raises ContractError for settings that do not
    fit together.
    """
    parts = _make_parts(settings, oidc or OidcSettings())
    app = FastAPI(
        title="Signalbox control plane",
        lifespan=_running,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_nul_in_address), Depends(note_key, scope="function")],
    )
    app.state.parts = parts
    problem.install(app)
    app.add_middleware(Envelope)
    app.add_middleware(CountedRequests, metrics=parts.metrics)
    for router in ROUTERS:
        app.include_router(router)
    openapi.install(app, ROUTERS)
    install_console(app, parts)
    return app


def _make_parts(settings: Settings, oidc: OidcSettings) -> Parts:
    provider = make_provider(oidc, settings.public_url)
    database = Database(settings.database)
    feed, counts, store = Feed(), Metrics(), _decision_store(settings)
    signer = load_signer(settings.keys / "documents.key")
    text = "Open streams: gateways, and SDKs."
    counts.gauge("stream_subscribers", text, lambda: feed.subscribers)
    publisher = Publisher(database, signer, feed, counts, settings.publish_interval_s)
    follower = Follower(
        database, settings.keys, settings.follow_pace, publisher.wake, counts.followed
    )
    text = "Seconds since the upstream GrowthBook last answered; 0 when nothing is followed."
    counts.gauge("follow_age_seconds", text, follower.age_s)
    counts.registry.register(StateMetrics(database))
    upkeep = Upkeep(
        store.lake,
        database,
        settings.retention,
        settings.upkeep_interval_s,
        _told(counts, "upkeep"),
    )
    return Parts(
        settings=settings,
        database=database,
        feed=feed,
        publisher=publisher,
        follower=follower,
        strangers=Strangers(),
        checkpointer=Checkpointer(
            database,
            load_register_signer(settings.keys),
            CheckpointCopies(settings.checkpoint_copies),
            settings.checkpoint_interval_s,
            _told(counts, "checkpointer"),
        ),
        decisions=store,
        metrics=counts,
        upkeep=upkeep,
        redactions=RedactionTask(
            Redactor(settings.home, database, upkeep.wake, lambda: upkeep.unread),
            settings.redactions_interval_s,
            _told(counts, "redactions"),
        ),
        webhooks=_dispatcher(settings, database, counts),
        workers=Workers(settings.home),
        exposures=LakeExposures(store),
        provider=provider,
    )


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    """What goes on beside the requests, from the start to the end."""
    parts: Parts = app.state.parts
    parts.publisher.start(asyncio.get_running_loop())
    parts.upkeep.start()
    # Other replicas' changes: theirs to publish, ours to tell our own streams of.
    parts.database.listen(parts.publisher.look)
    parts.checkpointer.start()
    parts.follower.start()
    parts.webhooks.start()
    parts.redactions.start()
    summing = asyncio.create_task(_sum_up(parts))
    yield
    parts.feed.close()
    summing.cancel()
    await asyncio.to_thread(parts.redactions.stop)
    await asyncio.to_thread(parts.follower.stop)
    await asyncio.to_thread(parts.webhooks.stop)
    await asyncio.to_thread(parts.publisher.stop)
    await asyncio.to_thread(_sum_up_once, parts, everything=True)
    await asyncio.to_thread(parts.checkpointer.stop)
    await asyncio.to_thread(parts.upkeep.stop)
    parts.decisions.close()
    parts.database.dispose()


def _dispatcher(settings: Settings, database: Database, counts: Metrics) -> Dispatcher:
    plan = Plan(
        policy=settings.webhook_policy,
        timeout_s=settings.webhook_timeout_s,
        interval_s=settings.webhook_interval_s,
        disable_days=settings.webhook_disable_days,
        keep_days=settings.webhook_keep_days,
        ca_file=settings.webhook_ca_file,
    )
    return Dispatcher(database, load_seal(settings.keys), plan, counts)


def _decision_store(settings: Settings) -> DecisionStore:
    lake = Lake(settings.lake_url)
    engine = Engine(
        lake,
        threads=settings.decisions_threads,
        memory_mb=settings.decisions_memory_mb,
        timeout_s=settings.decisions_timeout_s,
    )
    return DecisionStore(lake, engine)


def _told(counts: Metrics, job: str) -> Callable[[bool], None]:
    return lambda failed: counts.ran(job, failed=failed)


async def _sum_up(parts: Parts) -> None:
    while True:
        await asyncio.sleep(SUM_UP_EVERY_S)
        try:
            await asyncio.to_thread(_sum_up_once, parts)
            parts.metrics.ran("sums", failed=False)
        except Exception:
            parts.metrics.ran("sums", failed=True)
            # Nothing is lost: what could not be written goes on being counted.
            log.exception("denials and reads could not be summed up")


def _sum_up_once(parts: Parts, *, everything: bool = False) -> None:
    denials.sum_up(parts.database, parts.strangers, everything=everything)
    reads.sum_up(parts.database, parts.reads, everything=everything)
