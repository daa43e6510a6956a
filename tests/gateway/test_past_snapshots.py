"""Requests that began before a document was replaced: what they were promised stays."""

import asyncio
import gc
from weakref import ref

import pytest

from bentos.contract import documents
from bentos.contract.documents import DocumentName
from tests.gateway.installation import CANARY, STABLE, WIDE, route
from tests.gateway.lanes import until

ALL_BUCKETS = 10_000
# Canaries get all of it but stable's reserve: longer than a lane stays that nobody can come to.
LONG = {"x-request-timeout-ms": "2500"}


def replaced(gateway, address):
    """Stable's version is gone from the endpoints and from the routes: the canary was promoted."""
    places = documents.EndpointsBody(versions={CANARY: (address,)})
    gateway.publish(DocumentName.ENDPOINTS, places)


async def test_a_caller_of_a_canary_that_hangs_falls_back_to_the_stable_of_its_route(
    gateway, versions
):
    stable, hung = versions.start(), versions.start(schema=WIDE, fault="hung")
    gateway.publish_all({STABLE: stable, CANARY: hung}, route(ALL_BUCKETS))
    await gateway.connected()
    lane = gateway.serving.snapshot.lanes[STABLE]
    # A reserve of half a second: a busy machine needs more than the least, 10 ms.
    lane._latency.p99_ms = 250.0
    asked = asyncio.create_task(gateway.predict(headers=LONG))
    await until(lambda: gateway.serving.overload._models["fraud"].away == 1)
    replaced(gateway, hung)
    answer = await asked
    assert answer.status_code == 200
    assert answer.json()["model_version"] == STABLE
    assert answer.json()["reason"] == "FALLBACK"
    await until(lambda: not lane.pool.workers)
    await until(lambda: not gateway.serving._lanes._leaving)


async def test_a_lane_nobody_can_come_to_is_closed_soon(gateway, versions):
    stable, canary = versions.start(), versions.start(schema=WIDE)
    gateway.publish_all({STABLE: stable, CANARY: canary}, route(ALL_BUCKETS))
    await gateway.connected()
    assert (await gateway.predict()).status_code == 200
    lane = gateway.serving.snapshot.lanes[STABLE]
    replaced(gateway, canary)
    assert lane.pool.workers
    await until(lambda: not lane.pool.workers)
    assert not gateway.serving._past.lead_to(lane)


@pytest.mark.parametrize("fault", ["error", "wrong_dtype", "nan", "half"])
async def test_a_call_that_failed_keeps_nothing_of_what_it_saw(gateway, versions, fault):
    stable, canary = versions.start(), versions.start(schema=WIDE, fault=fault)
    gateway.publish_all({STABLE: stable, CANARY: canary}, route(ALL_BUCKETS))
    await gateway.connected()
    seen = ref(gateway.serving.snapshot)
    gc.disable()
    try:
        assert (await gateway.predict()).json()["reason"] == "FALLBACK"
        replaced(gateway, canary)
        await until(lambda: seen() is None)
    finally:
        gc.enable()
