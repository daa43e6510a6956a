"""The shadow process's own parts, in this event loop: what it reads, and from whom."""

import asyncio
from functools import partial
from time import monotonic

import pytest
from structlog.testing import capture_logs

from bentos.contract.documents import DocumentName, EndpointsBody
from gateway.shadow_serving import ShadowServing
from tests.gateway.installation import SHADOW, STABLE, route
from tests.gateway.lanes import PATIENT_S, until


@pytest.fixture(scope="module")
def addresses(versions):
    return {STABLE: versions.start(), SHADOW: versions.start()}


@pytest.fixture
async def running(gateway, addresses):
    gateway.publish_all(addresses, route(shadow=(SHADOW,)))
    await gateway.connected()
    await gateway.start_shadow()
    return gateway


async def test_it_waits_for_no_writer_of_documents_and_none_for_it(running, addresses):
    elsewhere = EndpointsBody(versions={STABLE: (addresses[STABLE],)})
    running.publish(DocumentName.ENDPOINTS, elsewhere)
    with running.serving.store._locked():
        await until(lambda: SHADOW not in running.shadow.snapshot.lanes)


async def test_a_folder_that_cannot_be_looked_at_is_looked_at_again(running, addresses):
    shadow, store = running.shadow, running.shadow._store
    shadow._store = Unreadable()
    elsewhere = EndpointsBody(versions={STABLE: (addresses[STABLE],)})
    running.publish(DocumentName.ENDPOINTS, elsewhere)
    await until(lambda: shadow._store.tried >= 2)
    assert SHADOW in shadow.snapshot.lanes
    shadow._store = store
    await until(lambda: SHADOW not in shadow.snapshot.lanes)


class Unreadable:
    tried = 0

    def stamp(self):
        self.tried += 1
        raise OSError(24, "Too many open files")


async def test_copies_it_cannot_read_are_told_of_and_the_next_are_taken(running):
    tally = running.shadow.mirror.tally
    with capture_logs() as logs:
        running.app._feed.send(b"\x91\x01")
        await running.predict()
        await until(lambda: tally.totals()["compared"] == 1)
    [told] = [each for each in logs if each["event"] == "shadow_copies_unreadable"]
    assert told["bytes"] == 2


async def test_it_gives_way_after_every_copy_and_every_comparison(running, monkeypatch):
    gave, tally = [], running.shadow.mirror.tally
    for module in ("shadow_serving", "shadow"):
        monkeypatch.setattr(f"gateway.{module}.give_way", partial(gave.append, module))
    answered = [running.predict(f"shopper-{number}") for number in range(12)]
    assert all(answer.status_code == 200 for answer in await asyncio.gather(*answered))
    await until(lambda: tally.totals()["compared"] == 12)
    assert (gave.count("shadow_serving"), gave.count("shadow")) == (12, 12)


async def test_when_all_who_write_are_gone_it_reads_no_more_and_ends_at_once(running):
    read = []
    loop, shadow = asyncio.get_running_loop(), running.shadow
    loop.set_exception_handler(lambda _, context: read.append(context))
    running.app._feed.close()
    await until(lambda: shadow._ended)
    started = monotonic()
    await shadow.stop()
    running.shadow = None
    assert monotonic() - started < PATIENT_S / 2
    assert read == []


async def test_its_lookups_may_take_as_long_as_a_copy_has(gateway):
    changes = {"online_store_url": "redis://127.0.0.1:9", "shadow_deadline_ms": 700.0}
    config = gateway.serving.config.model_copy(update=changes)
    serving = ShadowServing(config, "g.shadow", "boot2", gateway.sink)
    kwargs = serving.features.store._client.connection_pool.connection_kwargs
    assert (serving.features._timeout_s, kwargs["socket_timeout"]) == (0.7, 0.7)
    assert gateway.serving.features._timeout_s == config.online_store_timeout_ms / 1000
    serving.log.close()
    await serving.features.store.close()
