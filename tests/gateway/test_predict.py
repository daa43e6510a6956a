import asyncio
import math
import signal

import pytest

from bentos.contract.documents import (
    DocumentName,
    EndpointsBody,
    KillBody,
    KillEntry,
    Revision,
)
from bentos.contract.errors import ContractError
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.segment import DecisionFrame
from gateway.latency import FIRST_ESTIMATE_AT
from tests.gateway.installation import (
    CANARY,
    STABLE,
    WIDE,
    frames,
    keys_body,
    route,
    schemas_body,
)
from tests.gateway.lanes import until
from tests.gateway.version_process import FAULTS

ALL_BUCKETS = 10_000


@pytest.fixture(scope="module")
def stable(versions):
    return versions.start()


@pytest.fixture(scope="module")
def canary(versions):
    return versions.start(schema=WIDE, bias=1.0)


def known_to_take(lane, milliseconds):
    """Enough answers for the lane's p99, so that the reserve is not the least there is."""
    for _ in range(FIRST_ESTIMATE_AT):
        lane._latency.observe(milliseconds)


def wait_little_for_canaries(monkeypatch):
    """By the rule it were half of the time at least, and stable's part is for a busy machine."""
    monkeypatch.setattr("gateway.predict.canary_budget_ms", lambda *_: 400.0)


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


async def test_stable_answers_and_the_decision_is_written_first(gateway, stable):
    gateway.publish_all({STABLE: stable}, route())
    response = await gateway.predict()
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer["predictions"][0]["fraud_probability"] == pytest.approx(sigmoid(-0.9), abs=1e-6)
    assert (answer["variant"], answer["reason"]) == ("stable", "STATIC")
    assert answer["model_version"] == STABLE
    assert answer["revision"] == "1.5"
    assert response.headers["x-signalbox-decision-id"] == answer["decision_id"]
    [frame] = frames(gateway, DecisionFrame)
    assert frame.decision.decision_id == answer["decision_id"]
    assert frame.decision.seq == 0
    assert frame.personal.inputs == {"amount": [10.0], "hour": [None]}
    assert "shopper-1" not in str(frame)


async def test_canary_packs_by_its_own_wider_schema(gateway, stable, canary):
    gateway.publish_all({STABLE: stable, CANARY: canary}, route(ALL_BUCKETS))
    await gateway.connected()
    answer = (await gateway.predict(instances=[{"amount": 500.0}])).json()
    # amount is clipped to 100 by the canary's schema and hour defaults to 12
    assert answer["predictions"][0]["fraud_probability"] == pytest.approx(
        sigmoid(1.12 + 1.0), abs=1e-6
    )
    assert (answer["variant"], answer["reason"]) == ("canary", "SPLIT")
    [frame] = frames(gateway, DecisionFrame)
    assert (frame.decision.release_id, frame.decision.step) == ("rel-1", 1)
    assert 0 <= frame.decision.bucket < ALL_BUCKETS


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("busy", "slow")])
async def test_a_bad_canary_costs_no_caller_anything(gateway, versions, stable, fault, monkeypatch):
    bad = versions.start(schema=WIDE, fault=fault)
    gateway.publish_all({STABLE: stable, CANARY: bad}, route(ALL_BUCKETS))
    await gateway.connected()
    if fault in ("late", "hung"):
        wait_little_for_canaries(monkeypatch)
    asked = [gateway.predict(f"shopper-{n}") for n in range(20)]
    responses = await asyncio.gather(*asked)
    assert {response.status_code for response in responses} == {200}
    for response in responses:
        answer = response.json()
        assert (answer["reason"], answer["model_version"]) == ("FALLBACK", STABLE)
        assert answer["variant"] == "canary"
    found = frames(gateway, DecisionFrame)
    assert {frame.decision.assigned_version for frame in found} == {CANARY}
    assert {frame.decision.served_version for frame in found} == {STABLE}
    versions.kill(bad)


async def test_a_canary_whose_features_cannot_take_an_input_costs_no_caller_anything(
    gateway, versions, stable
):
    numbers = FeatureSchema(model="fraud", features=(Feature(name="n", source="input:note"),))
    canary = versions.start(schema=numbers)
    gateway.publish_all({STABLE: stable, CANARY: canary}, route(ALL_BUCKETS))
    gateway.publish(DocumentName.SCHEMAS, schemas_body({CANARY: numbers}))
    await gateway.connected()
    response = await gateway.predict(instances=[{"amount": 10.0, "note": "a text"}])
    answer = response.json()
    assert (response.status_code, answer.get("reason")) == (200, "FALLBACK")
    assert answer["model_version"] == STABLE
    [frame] = frames(gateway, DecisionFrame)
    assert frame.decision.decision_id == answer["decision_id"]


async def test_a_canary_whose_worker_takes_no_more_is_shed_and_did_not_fail(
    gateway, versions, stable
):
    busy = versions.start(schema=WIDE, fault="busy")
    gateway.publish_all({STABLE: stable, CANARY: busy}, route(ALL_BUCKETS))
    await gateway.connected()
    answer = (await gateway.predict()).json()
    assert (answer["reason"], answer["model_version"]) == ("SHED", STABLE)


async def test_only_the_first_callers_wait_for_a_canary_that_hangs(
    gateway, versions, stable, monkeypatch
):
    hung = versions.start(schema=WIDE, fault="hung")
    gateway.publish_all({STABLE: stable, CANARY: hung}, route(ALL_BUCKETS))
    await gateway.connected()
    wait_little_for_canaries(monkeypatch)
    first = (await gateway.predict()).json()
    later = [(await gateway.predict()).json() for _ in range(10)]
    assert {answer["reason"] for answer in (first, *later)} == {"FALLBACK"}
    failures = gateway.serving.snapshot.lanes[CANARY].failures
    assert failures["timeout"] <= 2
    assert failures["unavailable"] >= 9


async def test_one_of_two_stable_workers_killed_or_hung_fails_no_caller(gateway, versions, stable):
    doomed, hung = versions.start(), versions.start()
    gateway.publish_all({STABLE: stable}, route())
    places = (stable, doomed, hung)
    gateway.publish(DocumentName.ENDPOINTS, EndpointsBody(versions={STABLE: places}))
    await until(lambda: len(gateway.serving.snapshot.lanes[STABLE].pool.idle) == len(places))

    async def shop(number):
        await asyncio.sleep(number * 0.004)
        return await gateway.predict(f"shopper-{number}")

    async def harm():
        await asyncio.sleep(0.2)
        await asyncio.to_thread(versions.kill, doomed)
        await asyncio.sleep(0.2)
        versions.signal(hung, signal.SIGSTOP)

    *responses, _ = await asyncio.gather(*[shop(n) for n in range(200)], harm())
    assert {response.status_code for response in responses} == {200}
    assert {response.json()["reason"] for response in responses} == {"STATIC"}
    versions.kill(hung)


async def test_a_canary_with_impossible_outputs_falls_back(gateway, versions, stable):
    bad = versions.start(schema=WIDE, output=7.0)
    gateway.publish_all({STABLE: stable, CANARY: bad}, route(ALL_BUCKETS))
    await gateway.connected()
    answer = (await gateway.predict()).json()
    assert (answer["reason"], answer["model_version"]) == ("FALLBACK", STABLE)
    nan = versions.start(schema=WIDE, output=float("nan"))
    gateway.publish(
        DocumentName.ENDPOINTS, EndpointsBody(versions={STABLE: (stable,), CANARY: (nan,)})
    )
    lane = gateway.serving.snapshot.lanes[CANARY]
    await until(lambda: lane.pool.workers.keys() == {nan} and lane.reachable)
    answer = (await gateway.predict()).json()
    assert (answer["reason"], answer["model_version"]) == ("FALLBACK", STABLE)
    assert lane.failures["bad_answer"] == 2


async def test_a_killed_canary_falls_back_while_requests_are_in_flight(gateway, versions, stable):
    doomed = versions.start(schema=WIDE)
    gateway.publish_all({STABLE: stable, CANARY: doomed}, route(ALL_BUCKETS))
    await gateway.connected()

    async def shop(number):
        await asyncio.sleep(number * 0.002)
        return await gateway.predict(f"shopper-{number}")

    async def kill():
        await until(lambda: lane.answered)
        await asyncio.to_thread(versions.kill, doomed)

    lane = gateway.serving.snapshot.lanes[CANARY]
    *responses, _ = await asyncio.gather(*[shop(n) for n in range(150)], kill())
    responses.append(await gateway.predict())
    assert {response.status_code for response in responses} == {200}
    reasons = {response.json()["reason"] for response in responses}
    # On a machine that is slow just then, stable's p99 leaves a canary no budget.
    assert {"SPLIT", "FALLBACK"} <= reasons <= {"SPLIT", "FALLBACK", "BUDGET"}
    ids = {response.json()["decision_id"] for response in responses}
    assert ids == {frame.decision.decision_id for frame in frames(gateway, DecisionFrame)}


async def test_a_deadline_too_short_for_a_fallback_skips_the_canary(gateway, stable, canary):
    gateway.publish_all({STABLE: stable, CANARY: canary}, route(ALL_BUCKETS))
    await gateway.connected()
    known_to_take(gateway.serving.snapshot.lanes[STABLE], milliseconds=5001)
    answer = (await gateway.predict(headers={"x-request-timeout-ms": "20000"})).json()
    assert (answer["reason"], answer["model_version"]) == ("BUDGET", STABLE)


async def test_stable_past_its_deadline_is_504_and_recorded(gateway, versions):
    slow = versions.start(fault="slow")
    gateway.publish_all({STABLE: slow}, route())
    await gateway.connected()
    response = await gateway.predict(headers={"x-request-timeout-ms": "50"})
    assert response.status_code == 504
    answer = response.json()
    assert answer["reason"] == "DEADLINE"
    [frame] = frames(gateway, DecisionFrame)
    assert frame.decision.decision_id == answer["decision_id"]
    assert frame.decision.served_version is None
    versions.kill(slow)


async def test_no_worker_is_503_with_retry_after(gateway, tmp_path):
    gateway.publish_all({STABLE: f"unix:{tmp_path}/nobody.sock"}, route())
    await asyncio.sleep(0.05)
    response = await gateway.predict()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["reason"] == "ERROR"


async def test_nothing_published_is_live_but_not_ready(gateway):
    assert (await gateway.client.get("/v2/health/live")).status_code == 200
    assert (await gateway.client.get("/v2/health/ready")).status_code == 503
    response = await gateway.predict()
    assert response.status_code == 401  # no keys yet: nobody is known


async def test_a_dead_canary_never_makes_the_gateway_unready(gateway, stable, tmp_path):
    gateway.publish_all({STABLE: stable, CANARY: f"unix:{tmp_path}/x.sock"}, route(5000))
    await until(lambda: gateway.serving.snapshot.lanes[STABLE].reachable)
    assert (await gateway.client.get("/v2/health/ready")).status_code == 200


async def test_a_kill_is_obeyed_before_the_route(gateway, stable, canary):
    gateway.publish_all({STABLE: stable, CANARY: canary}, route())
    entry = KillEntry(id="k1", version=CANARY, reason="test")
    gateway.publish(DocumentName.KILL, KillBody(models={"fraud": entry}))
    await gateway.connected()
    answer = (await gateway.predict()).json()
    assert (answer["reason"], answer["model_version"], answer["revision"]) == (
        "KILLED",
        CANARY,
        "1.6",
    )


async def test_a_pin_needs_a_running_version_and_the_scope(gateway, stable, canary):
    gateway.publish_all({STABLE: stable, CANARY: canary}, route())
    await gateway.connected()
    answer = (await gateway.predict(version=CANARY)).json()
    assert (answer["reason"], answer["model_version"]) == ("PINNED", CANARY)
    response = await gateway.predict(version="fraud:20200101-00000000")
    assert response.status_code == 404
    assert "version: expected a running version" in response.json()["error"]


async def test_batches_answer_every_request_with_its_own_rows(gateway, stable, monkeypatch):
    # However long two hundred at once take here, they are one burst.
    monkeypatch.setattr("gateway.admission.INTERVAL_S", 60.0)
    gateway.publish_all({STABLE: stable}, route())
    await gateway.connected()

    async def ask(amount):
        instances = [{"amount": float(amount)}] * (amount % 3 + 1)
        # About rows, not about time: two hundred at once may take longer than a default deadline.
        patient = {"X-Request-Timeout-Ms": "20000"}
        answer = (await gateway.predict(f"s{amount}", instances, patient)).json()
        return amount, [p["fraud_probability"] for p in answer["predictions"]]

    for amount, got in await asyncio.gather(*[ask(n) for n in range(200)]):
        assert got == pytest.approx([sigmoid(amount / 100 - 1)] * (amount % 3 + 1), abs=1e-6)
    lane = gateway.serving.snapshot.lanes[STABLE]
    assert lane.batches < lane.answered == 200


async def test_an_installation_that_cannot_log_answers_or_refuses_as_configured(
    gateway, stable, monkeypatch
):
    gateway.publish_all({STABLE: stable}, route())
    await gateway.connected()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.decision_log.os.write", full)
    answer = (await gateway.predict()).json()
    assert answer["decision_id"] is None
    assert answer["logged"] is False
    monkeypatch.undo()


async def test_without_the_kill_document_no_rule_serves(gateway, stable):
    gateway.publish(DocumentName.SCHEMAS, schemas_body())
    gateway.publish(DocumentName.KEYS, keys_body())
    gateway.publish(DocumentName.ENDPOINTS, EndpointsBody(versions={STABLE: (stable,)}))
    gateway.publish(DocumentName.ROUTES, route())
    response = await gateway.predict()
    assert response.status_code == 503
    assert "kill" in response.json()["error"]
    gateway.publish(DocumentName.KILL, KillBody())
    assert (await gateway.predict()).status_code == 200


async def test_calls_routed_to_a_version_that_leaves_the_endpoints_are_answered(gateway, versions):
    slow = versions.start(fault="slow")
    gateway.publish_all({STABLE: slow}, route())
    await gateway.connected()
    lane = gateway.serving.snapshot.lanes[STABLE]
    first = asyncio.create_task(gateway.predict())
    await until(lambda: lane.pool.workers[slow].in_flight == 1)
    waiting = [asyncio.create_task(gateway.predict()) for _ in range(5)]
    await until(lambda: len(lane._queue.waiting) == 5)
    gateway.publish(DocumentName.ENDPOINTS, EndpointsBody())
    assert gateway.serving.snapshot.lanes == {}
    answers = await asyncio.gather(first, *waiting)
    assert [answer.status_code for answer in answers] == [200] * 6
    await until(lambda: not gateway.serving._lanes._leaving)
    assert not lane.pool.workers


async def test_a_document_that_does_not_compile_closes_no_lane(gateway, stable):
    gateway.publish_all({STABLE: stable}, route())
    await gateway.connected()
    lane = gateway.serving.snapshot.lanes[STABLE]
    broken = route()
    broken.features["model.fraud"] = {"defaultValue": {"nothing": 1}}
    with pytest.raises(ContractError):
        gateway.serving._on_document(DocumentName.ROUTES, broken, Revision(9, 9))
    assert gateway.serving.snapshot.lanes[STABLE] is lane
    assert not gateway.serving._lanes._leaving
    assert (await gateway.predict()).status_code == 200
