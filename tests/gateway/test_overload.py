"""A gateway whose callers want more than it can: who is let in, what the others are told."""

import asyncio
import signal
from time import monotonic

import pytest
import structlog

from bentos.contract.segment import DecisionFrame
from gateway.admission import INTERVAL_S, RETRY_AFTER_S
from gateway.overload import Overload
from tests.gateway.installation import CANARY, STABLE, WIDE, frames, route
from tests.gateway.lanes import until
from tests.gateway.shop import ALL, decisions, signed_query

ROOM = 2
ALL_BUCKETS = 10_000


def make_room(gateway, calls):
    gateway.serving.overload.follow({"fraud": calls})


def calls(gateway):
    return gateway.serving.overload._models["fraud"].calls


def standing(gateway, count):
    """So many calls that wait, for longer than a burst does."""
    asked = [asyncio.create_task(gateway.predict(f"shopper-{n}")) for n in range(count)]

    async def stand():
        await until(lambda: calls(gateway) == count)
        await asyncio.sleep(1.5 * INTERVAL_S)
        return asked

    return stand()


async def test_a_burst_of_512_on_an_idle_gateway_is_answered(gateway, versions, monkeypatch):
    # How long these 512 take to be asked and answered is a matter of the machine.
    monkeypatch.setattr("gateway.admission.INTERVAL_S", 60.0)
    gateway.publish_all({STABLE: versions.start()}, route())
    await gateway.connected()
    asked = await asyncio.gather(*[gateway.predict(f"shopper-{n}") for n in range(512)])
    assert [answer.status_code for answer in asked] == [200] * 512
    assert calls(gateway) == 0


async def test_while_a_queue_stands_calls_are_refused_unrouted_and_counted(gateway, versions):
    gateway.publish_all({STABLE: versions.start(fault="hung")}, route())
    await gateway.connected()
    make_room(gateway, ROOM)
    with structlog.testing.capture_logs() as logged:
        waiting = await standing(gateway, ROOM + 1)
        refused = [await gateway.predict() for _ in range(5)]
    assert {answer.status_code for answer in refused} == {503}
    assert {int(answer.headers["retry-after"]) for answer in refused} <= set(RETRY_AFTER_S)
    assert "overloaded" in refused[0].json()["error"]
    assert "x-signalbox-decision-id" not in refused[0].headers
    assert [line["event"] for line in logged if "model" in line] == ["overload_begins"]
    metrics = (await gateway.client.get("/metrics")).text
    assert 'signalbox_gateway_overload_refused_total{model="fraud"} 5.0' in metrics
    assert 'signalbox_gateway_refused_total{path="predict",status="503"} 5.0' in metrics
    assert 'signalbox_gateway_overloaded{model="fraud"} 1.0' in metrics
    assert f'signalbox_gateway_calls{{model="fraud"}} {ROOM + 1}.0' in metrics
    assert (await gateway.client.get("/status")).json()["overload"] == {"refused": 5}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert frames(gateway, DecisionFrame) == []


async def test_once_the_queue_is_gone_calls_are_taken_again(gateway, versions):
    stopped = versions.start()
    gateway.publish_all({STABLE: stopped}, route())
    await gateway.connected()
    make_room(gateway, ROOM)
    versions.signal(stopped, signal.SIGSTOP)
    waiting = await standing(gateway, ROOM + 1)
    assert (await gateway.predict()).status_code == 503
    versions.signal(stopped, signal.SIGCONT)
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
    assert (await gateway.predict()).status_code == 200


async def test_a_canary_that_hangs_is_no_queue(gateway, versions):
    places = {STABLE: versions.start(), CANARY: versions.start(schema=WIDE, fault="hung")}
    gateway.publish_all(places, route(ALL_BUCKETS))
    await gateway.connected()
    make_room(gateway, ROOM)
    waiting = await standing(gateway, 4 * ROOM)
    pinned = await gateway.predict(version=STABLE)
    assert pinned.status_code == 200
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert calls(gateway) == 0


async def test_a_pinned_version_that_hangs_is_no_queue(gateway, versions):
    places = {STABLE: versions.start(), CANARY: versions.start(schema=WIDE, fault="hung")}
    gateway.publish_all(places, route())
    await gateway.connected()
    make_room(gateway, ROOM)
    pins = [asyncio.create_task(gateway.predict(version=CANARY)) for _ in range(4 * ROOM)]
    await until(lambda: calls(gateway) == 4 * ROOM)
    await asyncio.sleep(1.5 * INTERVAL_S)
    assert (await gateway.predict()).status_code == 200
    for task in pins:
        task.cancel()
    await asyncio.gather(*pins, return_exceptions=True)


async def test_calls_pinned_to_the_stable_version_are_its_queue(gateway, versions):
    gateway.publish_all({STABLE: versions.start(fault="hung")}, route())
    await gateway.connected()
    make_room(gateway, ROOM)
    pins = [asyncio.create_task(gateway.predict(version=STABLE)) for _ in range(4 * ROOM)]
    await until(lambda: calls(gateway) == 4 * ROOM)
    assert gateway.serving.overload._models["fraud"].away == 0
    for task in pins:
        task.cancel()
    await asyncio.gather(*pins, return_exceptions=True)


async def test_room_grows_with_the_batches_stable_takes_at_once(gateway, versions):
    gateway.publish_all({STABLE: versions.start()}, route())
    admission = gateway.serving.overload._models["fraud"]
    config = gateway.serving.config
    assert admission.room == config.standing_calls * config.lane_slots
    assert gateway.serving.overload.enter("nobody's model") is None


async def test_it_ends_when_nobody_was_refused_for_a_while(monkeypatch):
    monkeypatch.setattr("gateway.overload.MEMORY_S", 0.01)
    monkeypatch.setattr("gateway.admission.MEMORY_S", 0.01)
    overload = Overload()
    overload.follow({"fraud": 1})
    with structlog.testing.capture_logs() as logged:
        with overload.taken("fraud"):
            await asyncio.sleep(0)
            overload._models["fraud"]._calm_at -= INTERVAL_S
            with pytest.raises(Exception, match="overloaded"), overload.taken("fraud"):
                raise AssertionError("a call was taken beside one that stands")
            assert overload.stands
        await until(lambda: not overload.stands)
    assert [line["event"] for line in logged] == ["overload_begins", "overload_ended"]
    assert logged[-1]["refused"] == {"fraud": 1}
    overload.close()


async def test_the_storefronts_doors_are_refused_alike(shop):
    admission = shop.serving.overload._models["items"]
    shop.serving.overload.follow({"items": 1, "fraud": 1})
    admission.enters(monotonic() - 2 * INTERVAL_S)
    query = signed_query(("browser_id", "b-1"), ("consent", ALL))
    refused = await shop.client.get(f"/proxy/items?{query}")
    assert refused.status_code == 503
    assert "retry-after" in refused.headers
    assert decisions(shop) == []
    admission.leaves(monotonic())
    assert (await shop.client.get(f"/proxy/items?{query}")).status_code == 200


@pytest.mark.parametrize("key", [{"authorization": "Bearer sbx_ffffffffffff_x"}, {}])
async def test_who_may_not_call_meets_no_overload_and_makes_none(gateway, versions, key):
    gateway.publish_all({STABLE: versions.start(fault="hung")}, route())
    await gateway.connected()
    make_room(gateway, ROOM)
    waiting = await standing(gateway, ROOM + 1)
    admission = gateway.serving.overload._models["fraud"]
    gateway.client.headers.pop("authorization")
    answers = [await gateway.predict(headers=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {401}
    assert "overloaded" not in answers[0].text
    assert (admission.refused, admission.refused_lately(monotonic())) == (0, False)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_door_without_a_signature_tells_nothing_of_an_overload(shop):
    make_room_of = shop.serving.overload.follow
    make_room_of(dict.fromkeys(shop.serving.overload._models, 0))
    admission = next(iter(shop.serving.overload._models.values()))
    admission._calm_at -= 2 * INTERVAL_S
    model = next(iter(shop.serving.overload._models))
    answer = await shop.client.get(f"/proxy/{model}")
    assert answer.status_code == 401
    assert admission.refused == 0


def test_calls_of_all_models_are_counted():
    overload = Overload()
    overload.follow({"fraud": 10, "pricing": 10})
    assert overload.calls() == 0
    with overload.taken("fraud"), overload.taken("fraud"), overload.taken("pricing"):
        assert overload.calls() == 3
    assert overload.calls() == 0
