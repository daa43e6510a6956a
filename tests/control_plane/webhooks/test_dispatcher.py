"""Deliveries over a clock of the test's, to a receiver's process."""

import asyncio
import json
from datetime import datetime

import pytest

from control_plane.audit.service import list_events
from control_plane.webhooks import deliveries, service
from control_plane.webhooks.deliveries import Asked
from control_plane.webhooks.delivery_state import DeliveryState
from control_plane.webhooks.schedule import DELAYS_S

HOUR = 3600
NOBODY = "http://127.0.0.1:1/hooks"


def states(installation):
    found = installation.read(deliveries.list_deliveries, Asked())
    return [each["state"] for each in found]


async def test_events_come_in_their_order_signed_and_once(installation, up):
    _, secret = installation.subscribe(up.url)
    up.take(secret)
    models = [f"m{number}" for number in range(45)]
    installation.happen(*models)
    await installation.passes(installation.dispatcher(), 4)
    assert [each["data"]["model"] for each in up.told()] == models
    assert all(each["verified"] == 1 for each in up.received)
    assert len(set(up.ids())) == len(models)
    headers = up.received[0]["headers"]
    assert headers["host"] == f"127.0.0.1:{up.port}"
    assert headers["content-type"] == "application/json"
    await installation.passes(installation.dispatcher(), 2)
    assert len(up.received) == len(models)
    assert set(states(installation)) == {"delivered"}


async def test_a_receiver_that_was_down_for_hours_gets_all_of_it_with_the_same_id(
    installation, receiver
):
    _, secret = installation.subscribe(receiver.url)
    receiver.take(secret)
    dispatcher = installation.dispatcher()
    installation.happen("first")
    for delay in DELAYS_S[:5]:
        await installation.passes(dispatcher)
        installation.clock.forward(delay * 1.1 + 5)
    installation.happen("second")
    receiver.start()
    receiver.answer(500)
    await installation.passes(dispatcher)
    installation.clock.forward(20 * HOUR)
    receiver.answer()
    await installation.passes(dispatcher, 2)
    assert [each["data"]["model"] for each in receiver.told()] == [
        *("first", "second"),
        *("first", "second"),
    ]
    ids, headers = receiver.ids(), [each["headers"] for each in receiver.received]
    assert ids[:2] == ids[2:]
    # Signed anew: the attempt's own time, the clock's.
    assert headers[0]["webhook-timestamp"] != headers[2]["webhook-timestamp"]
    moment = datetime.fromisoformat(installation.clock()).timestamp()
    assert abs(int(headers[2]["webhook-timestamp"]) - moment) < 30
    [second, first] = installation.read(deliveries.list_deliveries, Asked())
    tried = installation.read(deliveries.get_delivery, first["id"])["tried"]
    assert [each["status"] for each in tried] == [None] * 5 + [500, 204]
    assert "ConnectError" in tried[0]["error"]
    assert (first["state"], first["attempts"], second["attempts"]) == ("delivered", 7, 2)


async def test_after_the_last_attempt_it_is_a_dead_letter_and_can_be_sent_again(
    installation, up, admin
):
    webhook, secret = installation.subscribe(up.url)
    up.take(secret)
    up.answer(500)
    dispatcher = installation.dispatcher()
    installation.happen("fraud")
    for delay in (*DELAYS_S, 0):
        assert states(installation) in ([], ["pending"])
        await installation.passes(dispatcher, 2)
        installation.clock.forward(delay * 1.1 + 5)
    [dead] = installation.read(deliveries.list_deliveries, Asked(state=DeliveryState.DEAD))
    assert dead["note"] == "given up after 10 attempts: 500"
    installation.clock.forward(30 * HOUR)
    await installation.passes(dispatcher)
    assert len(up.received) == 10
    up.answer()
    assert installation.write(deliveries.redeliver_dead, admin, webhook) == 1
    await installation.passes(dispatcher)
    assert states(installation) == ["delivered"]
    assert len(set(up.ids())) == 1
    # One that arrived can be sent again, too.
    installation.write(deliveries.redeliver, admin, dead["id"])
    await installation.passes(dispatcher)
    assert len(up.received) == 12


async def test_retry_after_and_too_many_requests_rest_the_whole_webhook(installation, up):
    _, secret = installation.subscribe(up.url)
    up.take(secret)
    up.answer(429, headers={"retry-after": "600"})
    dispatcher = installation.dispatcher()
    installation.happen("a", "b", "c")
    await installation.passes(dispatcher, 2)
    assert len(up.received) == 1
    installation.clock.forward(590)
    up.answer()
    await installation.passes(dispatcher)
    assert len(up.received) == 1
    installation.clock.forward(20)
    await installation.passes(dispatcher)
    assert [each["data"]["model"] for each in up.told()] == ["a", "a", "b", "c"]


async def test_gone_disables_the_webhook_and_nothing_more_is_sent(installation, up):
    webhook, secret = installation.subscribe(up.url)
    up.take(secret)
    up.answer(410)
    dispatcher = installation.dispatcher()
    installation.happen("a", "b")
    await installation.passes(dispatcher)
    row = installation.read(service.get_webhook, webhook)
    assert row.disabled_reason == "its receiver answered 410 Gone"
    assert states(installation) == ["dead", "dead"]
    installation.happen("c")
    installation.clock.forward(HOUR)
    await installation.passes(dispatcher, 2)
    assert len(up.received) == 1


async def test_days_of_failing_disable_it_and_who_asked_is_told(installation, up):
    webhook, _ = installation.subscribe(NOBODY)
    ops, secret = installation.subscribe(up.url, "webhook.disabled", name="ops")
    up.take(secret)
    dispatcher = installation.dispatcher()
    for day in range(7):
        installation.happen(f"day{day}")
        for _ in range(3):
            await installation.passes(dispatcher)
            installation.clock.forward(8 * HOUR)
    row = installation.read(service.get_webhook, webhook)
    assert row.disabled_reason.startswith("nothing was delivered since")
    assert row.failures >= 10
    [told] = up.told()
    assert told["data"]["entity"] == f"webhook:{webhook}"
    assert installation.read(service.get_webhook, ops).failing_since is None
    [event] = installation.read(lambda session: list_events(session, action="webhook:disable"))
    assert (event.actor.id, event.reason) == ("webhooks", row.disabled_reason)


async def test_few_failures_disable_nothing_however_far_apart(installation, receiver):
    webhook, _ = installation.subscribe(receiver.url)
    dispatcher = installation.dispatcher()
    installation.happen("a")
    for _ in range(2):
        await installation.passes(dispatcher)
        installation.clock.forward(9 * 24 * HOUR)
    row = installation.read(service.get_webhook, webhook)
    assert row.disabled_at is None
    assert row.failures == 2


async def test_two_at_once_deliver_each_once(installation, up):
    _, secret = installation.subscribe(up.url)
    up.take(secret)
    up.answer(delay_s=0.02)
    one, two = installation.dispatcher(), installation.dispatcher()
    for number in range(15):
        installation.happen(f"m{number}")
        await asyncio.gather(installation.passes(one), installation.passes(two))
    await asyncio.gather(installation.passes(one, 2), installation.passes(two, 2))
    assert len(up.ids()) == len(set(up.ids())) == 15


async def test_a_dead_process_s_lease_ends_and_another_goes_on(installation, up):
    _, secret = installation.subscribe(up.url)
    up.take(secret)
    installation.happen("a")
    dead, alive = installation.dispatcher(), installation.dispatcher()
    assert [len(batch.due) for batch in dead._look()] == [1]
    await installation.passes(alive)
    assert up.received == []
    installation.clock.forward(installation.plan.lease_s + 1)
    await installation.passes(alive)
    assert len(up.received) == 1


@pytest.mark.slow
async def test_a_hanging_receiver_holds_up_nobody_else(installation, up, tmp_path):
    slow_folder = tmp_path / "slow"
    slow_folder.mkdir()
    slow = type(up)(slow_folder)
    slow.answer(delay_s=30)
    slow.start()
    try:
        installation.subscribe(slow.url, name="slow")
        _, secret = installation.subscribe(up.url, name="quick")
        up.take(secret)
        installation.happen("a", "b")
        await installation.passes(installation.dispatcher())
    finally:
        slow.stop()
    assert len(up.received) == 2
    assert up.received[1]["at"] < slow.received[0]["at"] + 2
    [*late] = installation.read(deliveries.list_deliveries, Asked(state=DeliveryState.PENDING))
    tried = installation.read(deliveries.get_delivery, late[0]["id"])["tried"]
    assert tried[0]["error"] == "no answer within 2 s"


async def test_a_secret_that_cannot_be_read_is_told_and_sends_nothing(installation, up):
    installation.subscribe(up.url)
    installation.happen("a")
    installation.seal = type(installation.seal)([bytes(32)])
    await installation.passes(installation.dispatcher())
    assert up.received == []
    [pending] = installation.read(deliveries.list_deliveries, Asked())
    tried = installation.read(deliveries.get_delivery, pending["id"])["tried"]
    assert "another webhooks.key" in tried[0]["error"]


async def test_old_deliveries_are_forgotten_and_what_waits_is_not(installation, up):
    _, secret = installation.subscribe(up.url)
    up.take(secret)
    dispatcher = installation.dispatcher()
    installation.happen("old")
    await installation.passes(dispatcher)
    up.answer(500)
    installation.clock.forward(31 * 24 * HOUR)
    installation.happen("new")
    await installation.passes(dispatcher, 2)
    left = installation.read(deliveries.list_deliveries, Asked())
    assert [each["state"] for each in left] == ["pending"]
    body = installation.read(deliveries.get_delivery, left[0]["id"])["body"]
    assert json.loads(body)["data"]["model"] == "new"


@pytest.mark.parametrize("cut", [True, False])
async def test_what_is_under_way_at_the_end_is_sent_again_by_the_next(installation, up, cut):
    _, secret = installation.subscribe(up.url)
    up.take(secret)
    up.answer(delay_s=30 if cut else 0)
    installation.happen("a")
    first = installation.dispatcher()
    first.start()
    up.wait(lambda: up.received)
    if not cut:
        up.wait(lambda: states(installation) == ["delivered"])
    await asyncio.to_thread(first.stop)
    up.answer()
    # At once: it was given back.
    await installation.passes(installation.dispatcher())
    assert len(up.received) == (2 if cut else 1)
    assert len(set(up.ids())) == 1
