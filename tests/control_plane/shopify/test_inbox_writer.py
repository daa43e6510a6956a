"""kill -9 in the middle of a burst: nothing acknowledged is lost, nothing applied twice."""

import asyncio
import json
import random
import sqlite3
import threading
import time
from concurrent.futures import Future

import httpx
import pytest

from control_plane.shopify.delivery import Claims, Delivery
from control_plane.shopify.inbox import State, open_inbox
from control_plane.shopify.inbox_writer import BusyError, InboxWriter
from tests.control_plane.shopify.conftest import Running
from tests.control_plane.shopify.deliveries import headers, order

COUNT = 400


def delivery(number):
    claims = Claims("orders/create", "demo-shop.myshopify.com", f"w-{number}", None)
    return Delivery("app", "demo-shop", claims, "2026-01-01T00:00:00.000000Z", b"{}")


async def burst(ingress, kills):
    """Every order until it is acknowledged, as Shopify does; each with its one webhook id."""
    acknowledged, left = set(), COUNT
    rng = random.Random(7)
    moments = {int(COUNT * share) for share in kills}

    async def deliver(client, number):
        nonlocal left
        body = json.dumps(order(number)).encode()
        head = headers("orders/create", body, webhook_id=f"burst-{number}")
        while number not in acknowledged:
            try:
                answer = await client.post("/webhooks", content=body, headers=head)
                if answer.status_code == 200:
                    acknowledged.add(number)
            except httpx.TransportError:
                await asyncio.sleep(0.05 + rng.random() / 20)
        left -= 1
        if COUNT - left in moments:
            ingress.process.kill()
            ingress.process.start()

    gate = asyncio.Semaphore(32)

    async def limited(client, number):
        async with gate:
            await deliver(client, number)

    async with httpx.AsyncClient(base_url=ingress.url, timeout=20) as client:
        await asyncio.gather(*(limited(client, number) for number in range(5000, 5000 + COUNT)))
    return acknowledged


@pytest.mark.slow
def test_a_kill_during_a_burst_loses_nothing_and_doubles_nothing(tmp_path):
    ingress = Running(tmp_path / "home")
    ingress.start()
    try:
        acknowledged = asyncio.run(burst(ingress, (0.25, 0.6)))
        ingress.settled()
        there = {row["id"] for row in ingress.rows("SELECT id FROM shop_order")}
        assert there == acknowledged == set(range(5000, 5000 + COUNT))
        # Not idempotent, so it tells what was applied twice.
        assert ingress.rows("SELECT * FROM tally") == [
            {"topic": "orders/create", "state": State.APPLIED, "count": COUNT}
        ]
        log = ingress.process.log.read_text()
        assert log.count("ingress listens") == 3
    finally:
        ingress.process.stop()


def test_more_than_may_wait_is_refused(tmp_path):
    connection = open_inbox(tmp_path / "inbox.db")
    writer = InboxWriter(connection, lambda *_: 0, 2)
    writer.take(delivery(1))
    writer.take(delivery(2))
    with pytest.raises(BusyError):
        writer.take(delivery(3))
    assert writer.depth == 2
    writer.start()
    writer.stop()


def test_a_disk_that_refuses_is_told_to_whoever_waits_and_shown(tmp_path):
    connection = open_inbox(tmp_path / "inbox.db")
    connection.execute("DROP TABLE delivery")
    writer = InboxWriter(connection, lambda *_: 0, 10)
    done: Future[bool] = writer.take(delivery(1))
    writer.start()
    with pytest.raises(sqlite3.OperationalError):
        done.result(60)
    writer.stop()


def test_other_writers_have_their_transactions_made(tmp_path):
    writer = InboxWriter(open_inbox(tmp_path / "inbox.db"), lambda *_: 0, 10)
    writer.start()
    writer.write(lambda inbox: inbox.execute("INSERT INTO cursor VALUES ('d', 'n', '1')"))

    def fails(inbox):
        inbox.execute("INSERT INTO cursor VALUES ('d', 'm', '1')")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        writer.write(fails)
    rows = writer.write(lambda inbox: inbox.execute("SELECT name FROM cursor").fetchall())
    assert [row["name"] for row in rows] == ["n"]
    writer.stop()


class EndsFirst:
    """A queue whose writer ends, and looks for what is left, just before something is put."""

    def __init__(self, writer):
        self.writer, self.real = writer, writer._queue

    def __getattr__(self, name):
        return getattr(self.real, name)

    def put(self, item):
        if item is not None:
            self.writer.stop()
        self.real.put(item)


@pytest.mark.parametrize("hand", ["write", "take"])
def test_who_hands_over_as_it_ends_is_told_and_does_not_wait_for_ever(tmp_path, hand):
    writer = InboxWriter(open_inbox(tmp_path / "inbox.db"), lambda *_: 0, 10)
    writer._queue = EndsFirst(writer)
    writer.start()
    told = []

    def ask():
        try:
            if hand == "write":
                writer.write(lambda inbox: None)
            else:
                writer.take(delivery(1)).result()
        except BusyError as error:
            told.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(60)
    assert len(told) == 1


def test_who_waits_for_a_writer_that_ended_is_told_and_nothing_more_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def ends(_inbox, _batch):
        raise SystemExit

    writer = InboxWriter(open_inbox(tmp_path / "inbox.db"), ends, 10)
    done = [writer.take(delivery(number)) for number in range(3)]
    writer.start()
    assert [each.result(60) for each in done] == [True, True, True]
    until = time.monotonic() + 60
    while writer.takes:
        assert time.monotonic() < until
    with pytest.raises(BusyError):
        writer.take(delivery(4))
    with pytest.raises(BusyError):
        writer.write(lambda inbox: inbox.execute("SELECT 1"))
