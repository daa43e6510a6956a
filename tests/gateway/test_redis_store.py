"""The shared store against a real redis-server: swapped, frozen and killed under load."""

import asyncio
import math

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bentos.contract import online_store as stored
from gateway.app import App
from gateway.config import GatewayConfig
from gateway.online_store import StoreUnavailable
from gateway.redis_store import FAILURES_TO_OPEN, RedisStore
from tests.gateway import feature_shop
from tests.gateway.feature_shop import KEY, ORDERS, SALES, SHOP, entries, name
from tests.gateway.installation import SECRET, STABLE, Gateway, route
from tests.gateway.publisher import Publisher
from tests.gateway.redis_process import RedisProcess
from training import redis_store

# Patient, so that a busy machine is not taken for a broken Redis.
TIMEOUT_S = 5.0


@pytest.fixture
def server(tmp_path):
    started = RedisProcess(tmp_path)
    yield started
    started.kill()


@pytest_asyncio.fixture
async def store(server):
    opened = open_store(server)
    yield opened
    await opened.close()


def open_store(server, timeout_s=TIMEOUT_S, shop=SHOP, fingerprint=KEY.fingerprint):
    return RedisStore(
        server.url, server.password, timeout_s=timeout_s, shop=shop, pseudonym_key=fingerprint
    )


def fill(server, *views):
    return redis_store.fill(server.url, server.password, feature_shop.origin(), views)


def key(view, identifier):
    return stored.key_prefix(view) + name(view.entity, identifier).encode()


async def eventually(holds):
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("never came to hold")


async def fields(store, *keys, timeout_s=TIMEOUT_S):
    values = await store.get_many(keys, timeout_s)
    return [value and stored.decode_record(value, "r").fields for value in values]


async def test_reads_what_was_filled_and_nothing_for_strangers(server, store):
    generation = fill(server, entries(ORDERS, {"anna": {"orders": 3}, "ben": {"orders": 1.5}}))
    await store.refresh()
    keys = [key(ORDERS, who) for who in ("ben", "nobody", "anna")]
    assert await fields(store, *keys) == [{"orders": 1.5}, None, {"orders": 3}]
    assert store.generation == generation
    assert await fields(store) == []


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
        st.dictionaries(
            st.text(max_size=10), st.floats(allow_nan=False) | st.integers(-9, 9), max_size=4
        ),
        max_size=12,
    )
)
def test_reader_finds_exactly_what_the_writer_wrote(server, values):
    fill(server, entries(ORDERS, values), entries(SALES, {}))
    assert asyncio.run(read_all(server, values)) == list(values.values())


async def read_all(server, values):
    store = open_store(server)
    await store.refresh()
    try:
        return await fields(store, *(key(ORDERS, who) for who in values))
    finally:
        await store.close()


async def test_the_generation_before_stays_and_older_ones_go(server, store):
    made = [fill(server, entries(ORDERS, {"anna": {"orders": n}})) for n in range(3)]
    await store.refresh()
    assert await fields(store, key(ORDERS, "anna")) == [{"orders": 2}]
    kept = " ".join(name.decode() for name in server.contents())
    assert [generation.name in kept for generation in made] == [False, True, True]


async def test_other_shops_in_the_same_redis_are_left_alone(server, store):
    with server.client() as client:
        client.set("signalbox:{other-shop}:online:x:y", "theirs")
        client.set("unrelated", "theirs")
    for number in range(3):
        fill(server, entries(ORDERS, {"anna": {"orders": number}}))
    assert list(server.contents().values()).count(b"theirs") == 2


async def test_a_load_that_fails_half_way_changes_nothing_and_is_removed_by_the_next(server, store):
    before = fill(server, entries(ORDERS, {"anna": {"orders": 1}}))

    def failing():
        yield from entries(ORDERS, {n: {"orders": n} for n in range(1500)})[1]
        raise RuntimeError("the orders went away")

    with pytest.raises(RuntimeError, match="went away"):
        fill(server, (ORDERS, failing()))
    await store.refresh()
    assert store.generation == before
    assert len(server.contents()) > 1000
    fill(server, entries(ORDERS, {"anna": {"orders": 2}}))
    assert len(server.contents()) == 3


async def test_every_read_of_a_swap_under_load_is_of_one_generation(server, store):
    fill(server, entries(ORDERS, {"anna": {"run": 0}}), entries(SALES, {7: {"run": 0}}))
    await store.refresh()
    done = asyncio.Event()
    seen = set()

    async def load():
        while not done.is_set():
            pair = await fields(store, key(ORDERS, "anna"), key(SALES, 7))
            seen.add(tuple(found["run"] for found in pair))

    clients = [asyncio.create_task(load()) for _ in range(8)]
    for run in range(1, 6):
        views = (entries(ORDERS, {"anna": {"run": run}}), entries(SALES, {7: {"run": run}}))
        await asyncio.to_thread(fill, server, *views)
        await store.refresh()
        await asyncio.sleep(0.02)
    await eventually(lambda: (5, 5) in seen)
    done.set()
    await asyncio.gather(*clients)
    assert seen <= {(run, run) for run in range(6)}


async def test_requests_that_wait_share_one_call(server, store):
    fill(server, entries(ORDERS, {n: {"orders": n} for n in range(200)}))
    await store.refresh()
    with server.client() as client:
        client.config_resetstat()
        answers = await asyncio.gather(*(fields(store, key(ORDERS, n)) for n in range(200)))
        calls = client.info("commandstats")["cmdstat_mget"]["calls"]
    assert answers == [[{"orders": n}] for n in range(200)]
    assert 0 < calls < 20


async def test_a_frozen_redis_is_waited_for_no_longer_than_the_timeout_then_not_at_all(server):
    store = open_store(server, timeout_s=0.05)
    fill(server, entries(ORDERS, {"anna": {"orders": 1}}))
    while store.generation is None:
        await store.refresh()
    server.freeze()
    while store.available:
        with pytest.raises(StoreUnavailable):
            await fields(store, key(ORDERS, "anna"), timeout_s=0.05)
    # From here on a request does not even make a task.
    with pytest.raises(StoreUnavailable):
        await store.get_many([key(ORDERS, "anna")], 0.05)
    assert not store._waiting
    server.thaw()
    while not store.available:
        await store.refresh()
    assert await fields(store, key(ORDERS, "anna")) == [{"orders": 1}]
    await store.close()


@pytest.mark.parametrize("other", [{"shop": "other-shop"}, {"fingerprint": "ffffffff"}])
async def test_a_store_of_another_shop_or_key_is_not_read(server, other):
    fill(server, entries(ORDERS, {"anna": {"orders": 1}}))
    store = open_store(server, **other)
    await store.refresh()
    assert store.generation is None
    with pytest.raises(StoreUnavailable):
        await fields(store, key(ORDERS, "anna"))
    await store.close()


async def test_a_password_is_shown_and_a_wrong_one_is_an_unavailable_store(tmp_path):
    server = RedisProcess(tmp_path, password="hunter2")
    try:
        fill(server, entries(ORDERS, {"anna": {"orders": 1}}))
        store = open_store(server)
        await store.refresh()
        assert await fields(store, key(ORDERS, "anna")) == [{"orders": 1}]
        await store.close()
        server.password = "wrong"
        refused = open_store(server)
        await refused.refresh()
        assert refused.generation is None
        await refused.close()
    finally:
        server.kill()


async def test_raw_ids_are_nowhere_in_redis(server):
    fill(server, entries(ORDERS, {"anna@example.com": {"orders": 1}}))
    held = server.contents()
    assert len(held) == 2
    for name_held, value in held.items():
        assert b"anna" not in name_held + value


@pytest_asyncio.fixture
async def gateway(server, tmp_path):
    publisher = Publisher(tmp_path / "home")
    config = GatewayConfig(
        home=tmp_path / "home",
        control_plane_url="http://127.0.0.1:9",
        online_store_url=server.url,
        online_store_timeout_ms=1000,
    )
    app = App(config, "g.0", "boot1")
    app._start()
    headers = {"authorization": f"Bearer sbx_aaaaaaaaaaaa_{SECRET}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://g", headers=headers
    ) as client:
        yield Gateway(app, publisher, client)
    await app._stop()


async def test_a_redis_killed_under_load_costs_no_answer_and_is_counted(gateway, server, versions):
    schema = feature_shop.STABLE_SCHEMA
    fill(server, entries(ORDERS, {"anna": {"orders": 30}}))
    address = versions.start(schema, -1.0)
    feature_shop.publish(gateway, {STABLE: address}, route())
    await gateway.connected()
    store = gateway.serving.features.store
    await eventually(lambda: store.generation is not None)
    with_orders, without = (1 / (1 + math.exp(1 - total / 100)) for total in (40, 10))
    instance = {"amount": 10.0, "customer_id": "anna"}

    async def ask():
        reply = await gateway.predict(instances=[instance])
        assert reply.status_code == 200, reply.text
        return reply.json()["predictions"][0]["fraud_probability"]

    assert await ask() == pytest.approx(with_orders, abs=1e-6)
    load = [asyncio.create_task(ask()) for _ in range(50)]
    await asyncio.sleep(0)
    server.kill()
    for answer in await asyncio.gather(*load):
        assert min(abs(answer - with_orders), abs(answer - without)) < 1e-6
    for _ in range(FAILURES_TO_OPEN + 5):
        assert await ask() == pytest.approx(without, abs=1e-6)
    assert not store.available
    tally = gateway.serving.features.tallies["customer_orders@1"]
    assert tally.error >= FAILURES_TO_OPEN + 5
    server.start()
    fill(server, entries(ORDERS, {"anna": {"orders": 30}}))
    # The gateway's own refresh finds it again.
    await eventually(lambda: store.available)
    assert await ask() == pytest.approx(with_orders, abs=1e-6)
