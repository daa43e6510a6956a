"""Every topic in Shopify's published shape, sent by what stands in for Shopify, on a bad day."""

import os
import subprocess
import sys
import time

import pytest

from bentos.shopify_admin.connection import Connection, ConnectionStore
from load_tests.shop.ingress_process import CLIENT_ID, DOMAIN, SHOP
from tests.control_plane.shopify.conftest import Running
from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
SECRET = "shpss_" + "7" * 32
TOPICS = [
    *("orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/delete"),
    "refunds/create",
    *("products/create", "products/update", "products/delete", "inventory_levels/update"),
    *("disputes/create", "disputes/update", "orders/risk_assessment_changed"),
    *("bulk_operations/finish", "app/uninstalled"),
    *("customers/data_request", "customers/redact", "shop/redact"),
]


@pytest.fixture(scope="module")
def stand_in():
    arguments = ("--client-secret", SECRET)
    with StandIn(orders="generated:60", now=None, arguments=arguments) as running:
        yield running


@pytest.fixture(scope="module")
def ingress(tmp_path_factory, stand_in):
    running = Running(tmp_path_factory.mktemp("ingress") / "home")
    apps = running.home / "ingress" / "apps.json"
    apps.write_text(apps.read_text().replace(DOMAIN, stand_in.shop))
    assert CLIENT_ID in apps.read_text()
    assert SHOP in apps.read_text()
    running.start()
    uri = f"{running.url}/webhooks"
    stand_in.control("POST", "webhooks/subscriptions", {"topics": TOPICS, "uri": uri})
    yield running
    running.process.stop()


def quiet(stand_in, ingress):
    """Everything was sent, and what was taken is applied."""
    end = time.monotonic() + 60
    while stand_in.control("GET", "webhooks")["waiting"]:
        assert time.monotonic() < end, stand_in.control("GET", "webhooks")
        time.sleep(0.1)
    time.sleep(0.5)
    ingress.settled()


def erased(ingress):
    """The law topics were handed over, and what the ingress erases is gone."""
    end = time.monotonic() + 30
    asked = ingress.home / "redactions"
    while True:
        notes = [path.read_text() for path in (asked / "ingress").glob("*.json")]
        if sum('"erased_at":"' in each for each in notes) == 2 and len(notes) == 3:
            break
        assert time.monotonic() < end, notes
        time.sleep(0.1)
    assert len(list((asked / "requests").iterdir())) == 2
    assert len(list((asked / "data_requests").iterdir())) == 1


def tally(ingress):
    return {
        (row["topic"], row["state"]): row["count"] for row in ingress.rows("SELECT * FROM tally")
    }


def test_every_topic_reads_and_is_applied(stand_in, ingress):
    orders = stand_in.control("GET", "shop/Order?limit=3")
    number = orders[0]["number"]
    stand_in.alter(Kind.ORDER, number, {"displayFinancialStatus": "PAID"})
    stand_in.alter(Kind.ORDER, number, {"cancelledAt": "2026-11-22T10:00:00Z"})
    asked = {"customer": 191167, "email": "john@example.com", "orders": [404404]}
    for topic in TOPICS:
        kind = {"products": "Product", "refunds": "Refund", "disputes": "ShopifyPaymentsDispute"}
        kind = kind | {"inventory_levels": "InventoryLevel", "orders": "Order"}
        name = kind.get(topic.partition("/")[0])
        found = stand_in.control("GET", f"shop/{name}?limit=1") if name else []
        if found:
            body = {"topic": topic, "number": found[0]["number"]}
            stand_in.control("POST", "webhooks/send", body)
        elif topic in {"app/uninstalled", "shop/redact"}:
            stand_in.control("POST", "webhooks/send", {"topic": topic})
        elif topic.startswith("customers/"):
            stand_in.control("POST", "webhooks/send", {"topic": topic, **asked})
    quiet(stand_in, ingress)
    erased(ingress)
    done = tally(ingress)
    assert [key for key in done if key[1] == 3] == [], ingress.rows(
        "SELECT topic, error FROM delivery WHERE state = 3"
    )
    heard = {topic for topic, _ in done}
    # Of the others this shop has no record to tell of.
    assert heard >= set(TOPICS) - {
        "bulk_operations/finish",
        "refunds/create",
        "disputes/create",
        "disputes/update",
    }


@pytest.fixture
def bad_day(stand_in):
    faults = {"duplicated": 0.3, "duplicate_within_s": 2, "forged": 0.2, "reorder_within_s": 2}
    stand_in.control("POST", "faults/webhooks", faults)
    yield
    stand_in.control("POST", "faults/webhooks", dict.fromkeys(faults, 0))


@pytest.mark.usefixtures("bad_day")
def test_on_a_bad_day_every_order_is_in_its_newest_state(stand_in, ingress):
    # New ones: another test may have had the shop erased whole, and what is older stays away.
    template = stand_in.control("GET", "shop/Order?limit=1")[0]["body"]
    numbers = [stand_in.add(Kind.ORDER, template)["number"] for _ in range(10)]
    for turn in range(4):
        for number in numbers:
            status = ("PENDING", "PAID", "PARTIALLY_REFUNDED", "REFUNDED")[turn]
            stand_in.alter(Kind.ORDER, number, {"displayFinancialStatus": status})
        time.sleep(1.1)  # Shopify's times are whole seconds.
    quiet(stand_in, ingress)
    rows = ingress.rows("SELECT id, financial_status FROM shop_order")
    states = {row["id"]: row["financial_status"] for row in rows}
    assert {states[number] for number in numbers} == {"refunded"}
    told = stand_in.control("GET", "webhooks")
    assert told["waiting"] == 0
    assert ingress.rows("SELECT 1 FROM delivery WHERE state = 3") == []


def train(ingress, *command):
    environment = {**os.environ, "SIGNALBOX_HOME": str(ingress.home)}
    whole = (sys.executable, "-m", "training", *command)
    done = subprocess.run(whole, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done


def test_a_waiting_sync_hears_that_its_operations_have_ended(stand_in, ingress):
    wanted = Connection(
        shop=stand_in.shop, grant="static", site=stand_in.url, access_token=stand_in.token
    )
    ConnectionStore(ingress.home / "keys").write(wanted)
    # Asked for after 1, 3 and 7 seconds: each ends between two looks.
    stand_in.control("POST", "faults/bulk", {"lag_s": 4})
    # Another test may have asked for an erasure: no shop is read while one waits.
    train(ingress, "redact")
    done = train(ingress, "shop", "sync", "--json")
    assert b'"problems": {}' in done.stdout
    assert len(ingress.rows("SELECT id FROM bulk_hint")) == 4
    # What was heard is taken away.
    assert list((ingress.home / "run" / "shopify" / f"{stand_in.shop}.bulk").iterdir()) == []
