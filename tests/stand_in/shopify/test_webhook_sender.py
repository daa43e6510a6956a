"""Deliveries over a real connection: headers, retries, repeats, order, forgeries, deletion."""

import asyncio
import json
import time

import pytest

from bentos.shopify_admin.clock import AcceleratedClock
from tests.stand_in.shopify import webhook_post
from tests.stand_in.shopify.hand_clock import HandClock
from tests.stand_in.shopify.webhook_delivery import Subscription, body_signature
from tests.stand_in.shopify.webhook_receiver import Receiver
from tests.stand_in.shopify.webhook_sender import Secrets, WebhookSender

SHOP = "demo.myshopify.com"
BODY = json.dumps({"id": 1, "note": "naïve"}, ensure_ascii=False).encode()


@pytest.fixture
async def receiver():
    async with Receiver.listening() as listening:
        yield listening


@pytest.fixture
async def connections():
    async with webhook_post.session() as opened:
        yield opened


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def sender(clock, receiver):
    made = WebhookSender(SHOP, Secrets("hush", "hushed before"), clock)
    made.subscriptions["1"] = Subscription("1", "orders/create", receiver.uri)
    return made


async def pass_time(sender, connections, clock, *steps):
    for seconds in steps or (0,):
        clock.move(seconds)
        sender.send_due(connections)
        await sender.settled()


async def test_a_delivery_carries_what_shopify_s_does(sender, receiver, connections, clock):
    sender.subscriptions["2"] = Subscription("2", "orders/create", receiver.uri, name="second")
    sender.subscriptions["3"] = Subscription("3", "orders/paid", receiver.uri)
    first, second = sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    assert sorted(receiver.ids) == sorted([first, second])
    by_id = {headers["X-Shopify-Webhook-Id"]: (headers, body) for headers, body in receiver.arrived}
    headers, body = by_id[first]
    assert body == BODY
    assert headers["X-Shopify-Topic"] == "orders/create"
    assert headers["X-Shopify-Shop-Domain"] == SHOP
    assert headers["X-Shopify-API-Version"] == "2026-10"
    assert headers["X-Shopify-Triggered-At"] == "2026-11-23T12:00:00Z"
    assert headers["X-Shopify-Hmac-Sha256"] == body_signature(BODY, "hush")
    assert "X-Shopify-Name" not in headers
    other = by_id[second][0]
    assert other["X-Shopify-Name"] == "second"
    assert other["X-Shopify-Event-Id"] == headers["X-Shopify-Event-Id"]


async def test_eight_retries_over_four_hours_then_the_subscription_is_gone(
    sender, receiver, connections, clock
):
    deleted = []
    sender.on_deleted = deleted.append
    receiver.status = 503
    (first,) = sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    waits = [14400 / 255 * 2**retry for retry in range(8)]
    for retry, seconds in enumerate(waits, start=1):
        await pass_time(sender, connections, clock, seconds - 0.5)
        assert len(receiver.arrived) == retry, "not before its time"
        await pass_time(sender, connections, clock, 0.5)
        assert len(receiver.arrived) == retry + 1
    assert clock.monotonic() == pytest.approx(4 * 3600)
    assert receiver.ids == [first] * 9
    assert {body for _, body in receiver.arrived} == {BODY}
    assert [each.id for each in deleted] == ["1"]
    assert sender.subscriptions == {}
    assert sender.log.summary()["given_up"] == 1
    assert sender.announce("orders/create", BODY) == []
    assert sender.waiting == 0


async def fail_through(sender, receiver, connections, clock):
    receiver.status = 500
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock, 0, *[14400 / 255 * 2**retry for retry in range(8)])


async def test_a_subscription_of_the_toml_stays(sender, receiver, connections, clock):
    sender.subscriptions["1"].from_toml = True
    await fail_through(sender, receiver, connections, clock)
    assert list(sender.subscriptions) == ["1"]


async def test_a_success_in_between_ends_the_row_of_failures(sender, receiver, connections, clock):
    receiver.status = 500
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock, 0, 60)
    receiver.status = 200
    sender.announce("orders/create", b"{}")
    sender.send_due(connections)
    await sender.settled()
    receiver.status = 500
    await pass_time(sender, connections, clock, *[14400 / 255 * 2**retry for retry in range(1, 9)])
    assert sender.log.summary()["given_up"] == 1
    assert list(sender.subscriptions) == ["1"]


async def test_a_retry_goes_to_the_address_of_before(sender, receiver, connections, clock):
    receiver.status = 500
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    sender.subscriptions["1"].uri = "http://127.0.0.1:9/elsewhere"
    receiver.status = 200
    await pass_time(sender, connections, clock, 57)
    assert len(receiver.arrived) == 2
    assert sender.log.summary()["delivered"] == 1


@pytest.mark.parametrize("status", [301, 404, 429, 204, 200])
async def test_only_two_hundreds_count(sender, receiver, connections, clock, status):
    receiver.status = status
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    assert sender.log.summary()["delivered"] == (200 <= status < 300)
    assert sender.waiting == (not 200 <= status < 300)


async def test_who_answers_too_late_has_not_answered(
    sender, receiver, connections, clock, monkeypatch
):
    monkeypatch.setattr(webhook_post, "TOTAL_S", 0.2)
    receiver.delay_s = 1
    sender.announce("orders/create", BODY)
    started = time.perf_counter()
    async with webhook_post.session() as impatient:
        await pass_time(sender, impatient, clock)
    assert time.perf_counter() - started < 0.8
    assert sender.log.summary()["statuses"] == {"0": 1}
    assert sender.waiting == 1


def test_shopify_waits_a_second_to_connect_and_five_in_all():
    assert (webhook_post.CONNECT_S, webhook_post.TOTAL_S) == (1.0, 5.0)


async def test_repeats_are_sent_later_with_the_same_id(sender, receiver, connections, clock):
    sender.faults.change({"duplicated": 1, "duplicate_within_s": 10})
    ids = [sender.announce("orders/create", BODY)[0] for _ in range(5)]
    await pass_time(sender, connections, clock, 0, 10)
    assert sorted(receiver.ids) == sorted(ids * 2)


async def test_a_repeat_that_fails_is_not_retried(sender, receiver, connections, clock):
    sender.faults.change({"duplicated": 1, "duplicate_within_s": 10})
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    receiver.status = 500
    await pass_time(sender, connections, clock, 10)
    assert sender.waiting == 0
    assert sender.log.summary()["given_up"] == 0


async def test_order_is_lost_on_request(sender, receiver, connections, clock):
    sender.faults.change({"reorder_within_s": 60})
    ids = [sender.announce("orders/create", BODY)[0] for _ in range(20)]
    await pass_time(sender, connections, clock, *[1] * 60)
    assert sorted(receiver.ids) == sorted(ids)
    assert receiver.ids != ids


async def test_forgeries_come_beside_the_genuine_and_only_once(
    sender, receiver, connections, clock
):
    sender.faults.change({"forged": 1})
    receiver.status = 401
    (genuine,) = sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    signatures = {
        headers["X-Shopify-Webhook-Id"]: headers["X-Shopify-Hmac-Sha256"]
        for headers, _ in receiver.arrived
    }
    assert len(signatures) == 2
    assert signatures.pop(genuine) == body_signature(BODY, "hush")
    assert set(signatures.values()) != {body_signature(BODY, "hush")}
    assert sender.waiting == 1, "the genuine one is tried again, the forged one is not"
    assert sender.log.summary()["forged"] == 1


async def test_dropped_ones_never_come(sender, receiver, connections, clock):
    sender.faults.change({"dropped": 1})
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock, 5 * 3600)
    assert receiver.arrived == []
    assert sender.log.summary()["dropped"] == 1


async def test_after_a_rotation_the_old_secret_may_sign(sender, receiver, connections, clock):
    sender.faults.change({"old_secret": True})
    sender.announce("orders/create", BODY)
    await pass_time(sender, connections, clock)
    assert receiver.arrived[0][0]["X-Shopify-Hmac-Sha256"] == body_signature(BODY, "hushed before")


def test_an_unknown_fault_is_named(sender):
    with pytest.raises(ValueError, match="lost"):
        sender.faults.change({"lost": 1})


async def test_a_burst_arrives_whole_from_the_running_loop(sender, receiver):
    # Whoever cannot be reached within a second of a busy loop is tried again: hours pass fast.
    sender._clock = AcceleratedClock.starting(10_000)
    running = asyncio.create_task(sender.run())
    for _ in range(500):
        sender.announce("orders/create", BODY * 50)
    async with asyncio.timeout(60):
        while sender.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    running.cancel()
    summary = sender.log.summary()
    assert summary["delivered"] == 500
    assert set(receiver.ids) == {each["webhook_id"] for each in sender.log.page(0, 1000)}
    assert 0 < summary["answer_ms"]["p50"] <= summary["answer_ms"]["p99"]
    assert [each["topic"] for each in sender.log.page(498, 10)] == ["orders/create"] * 2
