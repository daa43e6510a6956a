"""Requests whose versions read feature views, against a store filled as training fills it."""

import asyncio
import math
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import msgspec
import pytest

from bentos.contract import documents, segment
from bentos.contract.route import Route, compile_features
from bentos.contract.rows import row_type
from gateway.feature_lookup import EntityReader, recorded
from tests.gateway.feature_shop import (
    CANARY_SCHEMA,
    MODEL,
    ORDERS,
    SALES,
    STABLE_SCHEMA,
    entries,
    files_holding,
    fill,
    name,
    origin,
    publish,
    schemas_body,
)
from tests.gateway.gateway_process import (
    HEADERS,
    PREDICT,
    GatewayProcess,
    eventually,
    publish_on_disk,
)
from tests.gateway.installation import CANARY, SHADOW, STABLE, frames, route
from tests.gateway.lanes import until
from tests.gateway.redis_process import RedisProcess
from tests.training.consents import give_consents
from tests.training.made_up_shop import made_up_orders, run_training, write_orders_export
from training import redis_store

BIAS = -1.0
KEPT = "view:customer_orders@1:orders"
ANNA = {"amount": 10.0, "customer_id": "anna@example.com"}


def expected(*features: float) -> float:
    return 1 / (1 + math.exp(-(sum(features) / 100 + BIAS)))


@pytest.fixture(scope="session")
def stable(versions):
    return versions.start(STABLE_SCHEMA, BIAS)


@pytest.fixture(scope="session")
def canary(versions):
    return versions.start(CANARY_SCHEMA, BIAS)


async def served(gateway, endpoints, routes) -> None:
    publish(gateway, endpoints, routes)
    await gateway.connected()


async def ask(gateway, *instances, key="shopper-1", **more):
    reply = await gateway.predict(key, list(instances), **more)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    return [row["fraud_probability"] for row in body["predictions"]], body


def decisions(gateway):
    return frames(gateway, segment.DecisionFrame)


async def refresh(gateway) -> None:
    await gateway.serving.features.store.refresh()


async def test_view_features_reach_the_version_and_the_decision(gateway, tmp_path, stable):
    moment = datetime.now(UTC) - timedelta(seconds=100)
    fill(tmp_path, entries(ORDERS, {"anna@example.com": {"orders": 30}}), moment=moment)
    await refresh(gateway)
    await served(gateway, {STABLE: stable}, route())
    [answer], _ = await ask(gateway, ANNA)
    assert answer == pytest.approx(expected(10, 30), abs=1e-6)
    [frame] = decisions(gateway)
    assert frame.personal.entities == {"customer": name("customer", "anna@example.com")}
    assert 100 <= frame.decision.feature_age_s < 160
    assert frame.decision.schema_digest == STABLE_SCHEMA.digest()
    assert frame.personal.inputs[KEPT] == [30]


async def test_unknown_missing_and_expired_entities_take_the_default_and_are_counted(
    gateway, tmp_path, stable
):
    hour_ago = datetime.now(UTC) - timedelta(hours=2)
    fill(tmp_path, entries(ORDERS, {"old": {"orders": 30}}), moment=hour_ago)
    await refresh(gateway)
    await served(gateway, {STABLE: stable}, route())
    rows = [{**ANNA, "customer_id": who} for who in ("old", "stranger", "")]
    answers, _ = await ask(gateway, *rows, {"amount": 10.0})
    assert answers == pytest.approx([expected(10, 0)] * 4, abs=1e-6)
    tally = gateway.serving.features.tallies["customer_orders@1"]
    assert (tally.hit, tally.missing, tally.expired, tally.error) == (0, 3, 1, 0)
    [frame] = decisions(gateway)
    assert frame.decision.feature_age_s is None
    names = [name("customer", "old"), name("customer", "stranger"), "-", "-"]
    assert frame.personal.entities == {"customer": " ".join(names)}
    assert frame.personal.inputs[KEPT] == [None] * 4


async def test_a_store_never_filled_costs_no_answer(gateway, stable):
    await served(gateway, {STABLE: stable}, route())
    [answer], _ = await ask(gateway, ANNA)
    assert answer == pytest.approx(expected(10, 0), abs=1e-6)
    assert gateway.serving.features.tallies["customer_orders@1"].error == 1


async def test_stable_and_canary_read_their_own_views(gateway, tmp_path, stable, canary):
    fill(
        tmp_path,
        entries(ORDERS, {"anna@example.com": {"orders": 30}}),
        entries(SALES, {7: {"units": 5}}),
    )
    await refresh(gateway)
    await served(gateway, {STABLE: stable, CANARY: canary}, route(buckets=5000))
    seen = {}
    for number in range(40):
        rows = ({**ANNA, "product_id": 7}, {**ANNA, "product_id": 8})
        answers, body = await ask(gateway, *rows, key=f"shopper-{number}")
        seen.setdefault(body["model_version"], answers)
    assert seen[STABLE] == pytest.approx([expected(10, 30)] * 2, abs=1e-6)
    assert seen[CANARY] == pytest.approx([expected(10, 30, 5), expected(10, 30, -50)], abs=1e-6)
    products = " ".join(name("product", number) for number in (7, 8))
    for frame in decisions(gateway):
        read = [5, None] if frame.decision.served_version == CANARY else None
        assert frame.personal.inputs.get("view:product_sales@1:units") == read
        assert frame.personal.entities["product"] == products
        assert frame.personal.entities["customer"] == name("customer", "anna@example.com")


async def test_a_fallback_is_packed_with_stable_s_views(gateway, tmp_path, versions, stable):
    fill(tmp_path, entries(ORDERS, {"anna@example.com": {"orders": 30}}))
    await refresh(gateway)
    broken = versions.start(CANARY_SCHEMA, BIAS, fault="error")
    await served(gateway, {STABLE: stable, CANARY: broken}, route(buckets=10_000))
    [answer], body = await ask(gateway, ANNA)
    assert (body["reason"], body["model_version"]) == ("FALLBACK", STABLE)
    assert answer == pytest.approx(expected(10, 30), abs=1e-6)
    [frame] = decisions(gateway)
    assert frame.decision.schema_digest == STABLE_SCHEMA.digest()
    assert frame.decision.feature_age_s is not None
    assert [name for name in frame.personal.inputs if name.startswith("view:")] == [KEPT]


async def test_a_shadow_is_sent_its_own_views(gateway, tmp_path, stable, canary):
    fill(
        tmp_path,
        entries(ORDERS, {"anna@example.com": {"orders": 30}}),
        entries(SALES, {7: {"units": 5}}),
    )
    await refresh(gateway)
    await served(gateway, {STABLE: stable, SHADOW: canary}, route(shadow=(SHADOW,)))
    tally = (await gateway.start_shadow()).tally
    await ask(gateway, {**ANNA, "product_id": 7})
    await until(lambda: tally.compared)
    [outcome] = [frame.outcome for frame in frames(gateway, segment.ShadowFrame)]
    [shadowed] = outcome.outputs["fraud_probability"]
    assert shadowed == pytest.approx(expected(10, 30, 5), abs=1e-6)


@pytest.mark.slow
async def test_every_answer_of_a_swap_under_load_is_of_one_generation(
    gateway, tmp_path, stable, canary
):
    """Both views change together; a mix of two runs would give a sum of neither."""
    sums = {100.0, 300.0}
    done = asyncio.Event()

    async def load():
        answers = []
        while not done.is_set():
            instance = {"amount": 0.0, "customer_id": "anna", "product_id": 7}
            [answer], _ = await ask(gateway, instance)
            answers.append(answer)
            await asyncio.sleep(0)
        return answers

    def run(orders, units):
        fill(
            tmp_path,
            entries(ORDERS, {"anna": {"orders": orders}}),
            entries(SALES, {7: {"units": units}}),
        )

    run(10, 90)
    await refresh(gateway)
    await served(gateway, {STABLE: stable, CANARY: canary}, route(buckets=10_000))
    clients = [asyncio.create_task(load()) for _ in range(4)]
    for orders, units in ((100, 200), (10, 90)) * 4:
        await asyncio.to_thread(run, orders, units)
        # The gateway's own refresh, twice a second, is what finds it.
        await asyncio.sleep(0.6)
    done.set()
    answers = [answer for client in clients for answer in await client]
    allowed = [expected(total) for total in sums]
    for answer in answers:
        assert any(answer == pytest.approx(value, abs=1e-5) for value in allowed)
    for value in allowed:
        assert any(answer == pytest.approx(value, abs=1e-5) for answer in answers)


async def test_a_night_s_run_reaches_the_next_answer(gateway, tmp_path, stable):
    lines = made_up_orders()
    orders = write_orders_export(tmp_path / "orders.csv", lines)
    await served(gateway, {STABLE: stable}, route())
    customer = {"amount": 10.0, "customer_id": "shopper7@example.com"}
    before, _ = await ask(gateway, customer)
    command = ("materialize", "--orders", str(orders), "--consent-basis", "test", "--at", "now")
    give_consents(tmp_path)
    done = await asyncio.to_thread(run_training, tmp_path, *command)
    assert done.returncode == 0, done.stderr
    store = gateway.serving.features.store
    await until(lambda: store.generation is not None)
    after, _ = await ask(gateway, customer)
    bought = sum(line.get("Email") == "shopper7@example.com" for line in lines)
    assert bought > 5
    assert before == pytest.approx([expected(10, 0)], abs=1e-6)
    assert after == pytest.approx([expected(10, bought)], abs=1e-6)


async def test_open_inference_protocol_names_entities_like_any_input(gateway, tmp_path, stable):
    fill(tmp_path, entries(ORDERS, {"anna": {"orders": 30}, "ben": {"orders": 3}}))
    await refresh(gateway)
    await served(gateway, {STABLE: stable}, route())
    body = {
        "inputs": [
            {"name": "amount", "shape": [2], "datatype": "FP32", "data": [10.0, 10.0]},
            {"name": "customer_id", "shape": [2], "datatype": "BYTES", "data": ["ben", "anna"]},
        ]
    }
    reply = await gateway.client.post("/v2/models/fraud/infer", json=body)
    assert reply.status_code == 200, reply.text
    [output] = reply.json()["outputs"]
    assert output["data"] == pytest.approx([expected(10, 3), expected(10, 30)], abs=1e-6)


async def test_without_consent_nobody_is_looked_up_or_named(gateway, tmp_path, stable):
    fill(tmp_path, entries(ORDERS, {"anna": {"orders": 30}}))
    await refresh(gateway)
    model = msgspec.structs.replace(
        MODEL,
        inputs=tuple(
            msgspec.structs.replace(spec, required=False, default=10.0)
            if spec.name == "amount"
            else spec
            for spec in MODEL.inputs
        ),
    )
    publish(gateway, {STABLE: stable}, route(), model=model)
    await gateway.connected()
    [answer], _ = await ask(
        gateway, {"amount": 10.0, "customer_id": "anna"}, headers={"sec-gpc": "1"}
    )
    assert answer == pytest.approx(expected(10, 0), abs=1e-6)
    tally = gateway.serving.features.tallies["customer_orders@1"]
    assert (tally.hit, tally.missing) == (0, 1)
    [frame] = decisions(gateway)
    assert frame.personal.entities == {}


async def test_counts_ages_and_the_generation_are_exposed(gateway, tmp_path, stable):
    fill(tmp_path, entries(ORDERS, {"anna@example.com": {"orders": 30}}))
    await refresh(gateway)
    await served(gateway, {STABLE: stable}, route())
    await ask(gateway, ANNA, {**ANNA, "customer_id": "nobody"})
    text = (await gateway.client.get("/metrics")).text
    lookups = "signalbox_gateway_feature_lookups_total"
    assert f'{lookups}{{outcome="hit",view="customer_orders@1"}} 1.0' in text
    assert f'{lookups}{{outcome="missing",view="customer_orders@1"}} 1.0' in text
    ages = "signalbox_gateway_feature_age_seconds"
    assert f'{ages}_bucket{{le="60.0",view="customer_orders@1"}} 1.0' in text
    assert f'{ages}_count{{view="customer_orders@1"}} 1.0' in text
    assert "signalbox_gateway_feature_generation_age_seconds" in text
    status = (await gateway.client.get("/status")).json()["features"]
    assert status["generation"] == gateway.serving.features.store.generation.name


async def test_raw_ids_reach_no_file_log_or_metric(gateway, tmp_path, stable, capfd):
    ids = ["anna@example.com", "planted-canary-4711"]
    fill(tmp_path, entries(ORDERS, {who: {"orders": 1} for who in ids}))
    await refresh(gateway)
    await served(gateway, {STABLE: stable}, route())
    await ask(gateway, *({**ANNA, "customer_id": who} for who in ids))
    text = (await gateway.client.get("/metrics")).text + (await gateway.client.get("/status")).text
    written = capfd.readouterr()
    gateway.serving.log.close()
    assert files_holding(tmp_path, ids) == []
    assert files_holding(tmp_path / "gateway", [name("customer", ids[1])]) != []
    for who in ids:
        assert who not in text + written.out + written.err


@pytest.mark.acceptance
@pytest.mark.parametrize("engine", ["lmdb", "redis"])
def test_every_worker_goes_over_to_a_new_run_whole(tmp_path, canary, engine):
    home, more, server = tmp_path / "home", {"SIGNALBOX_GATEWAY_WORKERS": "2"}, None
    publish_on_disk(home, {CANARY: canary}, all_to_canary(), schemas=schemas_body())
    if engine == "redis":
        server = RedisProcess(tmp_path)
        # Patient: within the default 10 ms a busy machine's Redis may not answer.
        more |= {"SIGNALBOX_ONLINE_STORE_TIMEOUT_MS": "1000"}
        more |= {"SIGNALBOX_ONLINE_STORE_URL": server.url}
    try:
        run_of(home, server, 10, 90)
        with GatewayProcess(home, **more).wait_ready() as process:
            eventually(lambda: answered(process, 10, 90), "the store was never read")
            swap = partial(run_of, home, server, 100, 200)
            seen = swapped_under_load(process, swap, pytest.approx(expected(300), abs=1e-5))
            eventually(lambda: answered(process, 100, 200), "no worker went over")
            assert process.end() == 0
    finally:
        if server is not None:
            server.kill()
    old, new = expected(100), expected(300)
    assert len(seen) > 50
    assert all(min(abs(answer - old), abs(answer - new)) < 1e-5 for answer in seen)


def all_to_canary():
    return documents.RoutesBody(features=compile_features((Route(model="fraud", stable=CANARY),)))


def run_of(home, server, orders, units):
    views = (entries(ORDERS, {"anna": {"orders": orders}}), entries(SALES, {7: {"units": units}}))
    if server is None:
        fill(home, *views)
    else:
        redis_store.fill(server.url, None, origin(), views)


def one_answer(process, client=httpx):
    body = {"instances": [{"amount": 0.0, "customer_id": "anna", "product_id": 7}]}
    reply = client.post(process.url + PREDICT, json=body, headers=HEADERS)
    assert reply.status_code == 200, reply.text
    return reply.json()["predictions"][0]["fraud_probability"]


def answered(process, orders, units):
    """Whether connection after connection, so whichever worker takes it, answers from a run."""
    wanted = pytest.approx(expected(orders + units), abs=1e-5)
    return all(one_answer(process) == wanted for _ in range(20))


def swapped_under_load(process, swap, new):
    """What callers are answered who never stop, from the run before until the new one serves."""
    seen, done = [], threading.Event()

    def call():
        with httpx.Client(timeout=60) as client:
            while not done.is_set():
                seen.append(one_answer(process, client))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    try:
        eventually(lambda: len(seen) > 20, "nobody was answered before")
        swap()
        eventually(lambda: seen[-1] == new, "nobody was answered from the new run")
        since = len(seen)
        eventually(lambda: len(seen) > since + 30, "nobody was answered after")
    finally:
        done.set()
        for caller in callers:
            caller.join()
    return seen


def test_ids_are_read_as_text_whatever_their_type():
    rows = msgspec.convert(
        [{"amount": 1.0, "customer_id": "c", "product_id": 0}, {"amount": 1.0}],
        list[row_type(MODEL)],
    )
    assert dict(EntityReader(MODEL).ids(rows)) == {"customer": ["c", None], "product": ["0", None]}


def test_decisions_name_one_entity_once_and_several_per_row():
    named = {"a": ["X", "X"], "b": ["X", None, "Y"], "c": [None, None]}
    assert recorded(named) == {"a": "X", "b": "X - Y"}
