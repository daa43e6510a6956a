"""The real process: what is taken, what is refused, what is left of it on the disk."""

import json
import socket
import time
from datetime import datetime, timedelta

import httpx
import pytest

from bentos.contract.shopify import webhook_signature
from control_plane.shopify.app import BODY_S
from load_tests.shop.ingress_process import DOMAIN, SECRET
from tests.control_plane.shopify.conftest import Running
from tests.control_plane.shopify.deliveries import CANARY, headers, order, send


def metric(client, line):
    for each in client.get("/metrics").text.splitlines():
        if each.startswith(f"signalbox_ingress_{line} "):
            return float(each.rpartition(" ")[2])
    return 0.0


def test_the_published_vector():
    body = b'{"id":820982911946154508}'
    assert webhook_signature(body, b"hush") == b"qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I="


def test_an_order_is_written_applied_and_never_twice(ingress, client):
    message = order(1001, lines=[(7, 2, "10.00"), (8, 1, "5.50")])
    first = send(client, "orders/create", message, webhook_id="w-1001")
    again = send(client, "orders/create", message, webhook_id="w-1001")
    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    ingress.settled()
    (row,) = ingress.rows("SELECT * FROM shop_order WHERE id = 1001")
    assert (row["amount"], row["items"], row["currency"]) == (25.5, 3, "EUR")
    assert len(row["customer"]) == 26
    assert ingress.rows("SELECT count(*) AS n FROM delivery WHERE webhook_id = 'w-1001'") == [
        {"n": 1}
    ]


def test_the_newest_state_stays_whatever_order_it_comes_in(ingress, client):
    base = datetime.fromisoformat("2026-11-22T10:00:00+00:00")
    for minute in (5, 1, 9, 3):
        at = (base + timedelta(minutes=minute)).isoformat()
        message = order(1002, at=base.isoformat(), updated=at, lines=[(7, minute, "1.00")])
        assert send(client, "orders/updated", message).status_code == 200
    ingress.settled()
    (row,) = ingress.rows("SELECT items FROM shop_order WHERE id = 1002")
    assert row["items"] == 9
    assert ingress.rows("SELECT quantity FROM order_line WHERE order_id = 1002") == [
        {"quantity": 9}
    ]


def left_of(ingress, number):
    """Tables that tell of an order."""
    column = {"shop_order": "id"} | dict.fromkeys(("order_line", "outcome"), "order_id")
    query = "SELECT 1 FROM {} WHERE {} = ?"
    return [name for name, key in column.items() if ingress.rows(query.format(name, key), number)]


def test_a_deleted_order_goes_with_all_of_its_and_stays_away(ingress, client):
    cancelled = {"cancelled_at": "2026-11-22T11:00:00-05:00", "cancel_reason": "customer"}
    assert send(client, "orders/create", order(1007, **cancelled)).status_code == 200
    ingress.settled()
    assert left_of(ingress, 1007) == ["shop_order", "order_line", "outcome"]
    assert send(client, "orders/delete", {"id": 1007}).json() == {"status": "accepted"}
    ingress.settled()
    assert left_of(ingress, 1007) == []
    # Shopify gives no order to its deliveries.
    late = order(1007, updated="2026-11-23T10:00:00-05:00")
    assert send(client, "orders/updated", late).status_code == 200
    ingress.settled()
    assert left_of(ingress, 1007) == []


def test_an_order_that_says_what_it_is_deletes_nothing(ingress, client):
    """A header is no fact: what was signed to tell of an order erases none."""
    assert send(client, "orders/create", order(1008)).status_code == 200
    assert send(client, "orders/delete", order(1008)).json() == {"status": "set_aside"}
    ingress.settled()
    assert left_of(ingress, 1008) == ["shop_order", "order_line"]


@pytest.mark.parametrize("topic", ["orders/fulfilled", "orders/partially_fulfilled"])
def test_an_order_is_told_by_whatever_happens_to_it(ingress, client, topic):
    number = 1011 + len(topic)
    told = order(number, fulfillment_status="fulfilled")
    assert send(client, topic, told).json() == {"status": "accepted"}
    ingress.settled()
    query = "SELECT fulfillment_status FROM shop_order WHERE id = ?"
    assert ingress.rows(query, number) == [{"fulfillment_status": "fulfilled"}]


def test_nothing_a_shopper_typed_reaches_the_disk(ingress, client):
    message = order(1003, customer=291168, cancel_reason=CANARY, financial_status=CANARY)
    assert send(client, "orders/create", message).status_code == 200
    redact = {
        "shop_id": 1,
        "shop_domain": DOMAIN,
        "customer": {"id": 291168, "email": f"{CANARY}@example.com", "phone": CANARY},
        "orders_to_redact": [1003],
    }
    assert send(client, "customers/redact", redact).status_code == 200
    assert send(client, "orders/create", {"id": CANARY, "note": CANARY}).status_code == 200
    assert send(client, "orders/create", b'{"note": "' + CANARY.encode()).status_code == 200
    ingress.settled()
    files = [path for path in ingress.home.rglob("*") if path.is_file()]
    assert any(path.name == "inbox.db-wal" for path in files)
    assert [path.name for path in files if CANARY.encode() in path.read_bytes()] == []
    assert [path.name for path in files if b"291168" in path.read_bytes()] == []


def test_a_compliance_request_has_its_day(ingress, client):
    asked = {
        "shop_domain": DOMAIN,
        "customer": {"id": 77, "email": "A@example.com"},
        "orders_requested": [5, 6],
        "data_request": {"id": 9999},
    }
    assert send(client, "customers/data_request", asked).status_code == 200
    ingress.settled()
    row = ingress.rows("SELECT * FROM compliance_request WHERE topic LIKE '%data_request'")[0]
    due, received = (datetime.fromisoformat(row[each]) for each in ("due_at", "received_at"))
    assert due - received == timedelta(days=30)


def test_another_shops_request_is_set_aside(ingress, client):
    asked = {"shop_domain": "other.myshopify.com", "customer": {"id": 77}}
    assert send(client, "customers/redact", asked).json()["status"] == "set_aside"


@pytest.mark.parametrize(
    ("options", "answer", "reason"),
    [
        ({"secret": b"x" * 32}, "unsigned", "signature"),
        ({"domain": "other.myshopify.com"}, "unsigned", "shop"),
        ({"domain": "evil.example"}, "malformed", "malformed"),
    ],
)
def test_what_is_not_signed_for_here_is_refused_and_counted(
    client, ingress, options, answer, reason
):
    before, unauthorized = sum_of(client, answer), refusals(client, reason)
    assert send(client, "orders/create", order(666), **options).status_code == 401
    assert sum_of(client, answer) == before + 1
    assert refusals(client, reason) == unauthorized + 1
    assert ingress.rows("SELECT 1 FROM shop_order WHERE id = 666") == []


def sum_of(client, answer):
    return sum(
        float(line.rpartition(" ")[2])
        for line in client.get("/metrics").text.splitlines()
        if line.startswith("signalbox_ingress_deliveries_total{") and f'answer="{answer}"' in line
    )


def refusals(client, reason):
    name = f'signalbox_ingress_unauthorized_total{{reason="{reason}"}} '
    [line] = [each for each in client.get("/metrics").text.splitlines() if each.startswith(name)]
    return float(line.removeprefix(name))


def test_a_tampered_body_and_a_missing_signature_are_refused(client):
    body = json.dumps(order(667)).encode()
    good = headers("orders/create", body)
    before = {reason: refusals(client, reason) for reason in ("signature", "missing")}
    assert client.post("/webhooks", content=body + b" ", headers=good).status_code == 401
    del good["X-Shopify-Hmac-Sha256"]
    assert client.post("/webhooks", content=body, headers=good).status_code == 401
    assert {reason: refusals(client, reason) - 1 for reason in before} == before


def test_the_old_secret_is_good_while_both_are_there(ingress, client):
    path = ingress.home / "ingress" / "apps.json"
    assert "file:shopify.secret" in path.read_text()
    old = b"shpss_" + b"8" * 32
    assert send(client, "orders/create", order(1004), secret=old).status_code == 401
    # A secret's file is read again when it changes.
    (ingress.home / "keys" / "shopify.secret").write_bytes(old)
    try:
        until = time.monotonic() + 60
        while send(client, "orders/create", order(1004), secret=old).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.2)
    finally:
        (ingress.home / "keys" / "shopify.secret").write_bytes(SECRET)
        while send(client, "orders/create", order(1004)).status_code != 200:
            time.sleep(0.2)


def test_poison_is_set_aside_and_the_others_go_on(ingress, client):
    before = metric(client, "set_aside")
    answer = send(client, "orders/create", {"id": "no number"})
    assert (answer.status_code, answer.json()["status"]) == (200, "set_aside")
    assert send(client, "orders/create", order(1005)).json()["status"] == "accepted"
    assert metric(client, "set_aside") == before + 1
    row = ingress.rows("SELECT * FROM delivery WHERE state = 3 ORDER BY seq DESC LIMIT 1")[0]
    assert row["kept"] is None
    assert "$.id" in row["error"]


def test_a_topic_nothing_is_made_of_is_answered_and_ignored(client):
    assert send(client, "themes/publish", {"id": 1}).json()["status"] == "ignored"


def test_a_body_too_large_is_refused(client):
    body = b" " * (5 * 1024 * 1024)
    answer = client.post("/webhooks", content=body, headers=headers("orders/create", body))
    assert answer.status_code == 413


def begun(ingress, number):
    """A connection on which half a delivery has been sent."""
    body = json.dumps(order(number)).encode()
    head = [f"{k}: {v}" for k, v in headers("orders/create", body).items()]
    text = "\r\n".join(
        ["POST /webhooks HTTP/1.1", "Host: x", *head, f"Content-Length: {len(body)}"]
    )
    connection = socket.create_connection(("127.0.0.1", ingress.port), timeout=60)
    connection.sendall(text.encode() + b"\r\n\r\n" + body[:10])
    return connection


@pytest.mark.slow
def test_a_body_that_does_not_come_is_given_up_in_time(ingress):
    since = time.monotonic()
    with begun(ingress, 1006) as connection:
        answer = connection.recv(1000)
    assert b" 408 " in answer
    assert BODY_S <= time.monotonic() - since < 5


def test_health_and_strangers(client):
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json() == {"status": "ready"}
    assert client.get("/webhooks").status_code == 405
    assert client.get("/elsewhere").status_code == 404


def test_who_still_sends_is_told_at_once_that_it_is_switched_off(tmp_path):
    ingress = Running(tmp_path / "home")
    ingress.start()
    try:
        with begun(ingress, 1) as first, begun(ingress, 2) as second:
            # Answered, so what came before it on other connections has been read.
            httpx.get(f"{ingress.url}/health/live")
            since = time.monotonic()
            ingress.process.stop()
            answers = [first.recv(1000), second.recv(1000)]
            assert time.monotonic() - since < BODY_S
    finally:
        ingress.process.stop()
    for answer in answers:
        assert b" 503 " in answer
        assert b"retry-after: 5" in answer.lower()
