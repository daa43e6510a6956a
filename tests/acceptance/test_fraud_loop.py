"""An order's whole way, all processes real: webhook, ingress, gateway, version, and Shopify's
Admin API as it is stood in for."""

import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest

from bentos.contract.identity import Pseudonymizer
from bentos.contract.segment import DecisionFrame, read_frames
from bentos.shopify_admin.connected import connect
from bentos.shopify_admin.connection import Connection, ConnectionStore
from control_plane.config import Settings
from control_plane.consents import exclusions
from control_plane.consents import service as consents
from control_plane.db import Database
from control_plane.init import initialise
from control_plane.principal import Actor, ActorType, Permission, Principal
from control_plane.shopify_apps.service import AppOrder, set_app
from load_tests.shop.ingress_process import CLIENT_ID, SECRET, SHOP
from tests.control_plane.shopify.conftest import Running
from tests.control_plane.shopify.deliveries import order, send
from tests.gateway.gateway_process import HEADERS, GatewayProcess, publish_on_disk
from tests.gateway.installation import STABLE
from tests.gateway.versions import Versions
from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind
from tests.training.made_up_shop import run_training

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
PSEUDONYM_KEY = bytes.fromhex("ab" * 32)


def somebody():
    actor = Actor(type=ActorType.PERSON, id="admin", auth_method="key")
    return Principal(actor=actor, permissions=frozenset(Permission))


def prepare(home, stand_in):
    """What a merchant sets up: the app, its secret, the consent, the Admin API."""
    settings = Settings(home=home, shop=SHOP)
    initialise(settings, "admin")
    (home / "keys" / "pseudonym.key").write_text(PSEUDONYM_KEY.hex())
    secret = home / "keys" / "shopify.secret"
    secret.touch(mode=0o600)
    secret.write_bytes(SECRET)
    key = home / "keys" / "ingress.key"
    key.touch(mode=0o600)
    key.write_text(HEADERS["authorization"].removeprefix("Bearer ") + "\n")
    app = {"client_id": CLIENT_ID, "shop": SHOP, "domain": stand_in.shop, "rate": None}
    app |= {"secrets": ["file:shopify.secret"], "proxy_models": [], "checkout_models": []}
    grant = consents.Grant(
        shop=SHOP,
        purpose="fraud",
        use="automated_decision",
        text_version="1",
        text_digest="a" * 64,
        given_by="owner",
        document="contract",
    )
    database = Database(settings.database)
    with database.write() as session:
        set_app(session, somebody(), AppOrder(**app))
        consents.give(session, somebody(), grant)
        plan = exclusions.plan_of(somebody(), SHOP, "automated_decision", "they asked", None)
        left_out = Pseudonymizer("", PSEUDONYM_KEY).pseudonym(SHOP, "customer", "666")
        exclusions.add(session, somebody(), plan, [left_out])
    database.dispose()
    connect(
        home,
        Connection(
            shop=stand_in.shop, grant="static", site=stand_in.url, access_token=stand_in.token
        ),
    )


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fraud")
    versions = Versions(folder)
    with StandIn(orders="generated:40", now=None) as stand_in:
        publish_on_disk(folder / "gateway", {STABLE: versions.start(bias=-1.0)})
        with GatewayProcess(folder / "gateway") as gateway:
            gateway.wait_ready()
            home = folder / "home"
            home.mkdir()
            prepare(home, stand_in)
            # Reconcile runs at every start, and not between.
            ingress = Running(home, {"SIGNALBOX_GATEWAY_URL": gateway.url})
            ingress.start()
            client = httpx.Client(base_url=ingress.url, timeout=20)
            yield SimpleNamespace(
                stand_in=stand_in, gateway=gateway, ingress=ingress, client=client, folder=folder
            )
            client.close()
            ingress.process.stop()
    versions.stop()


def new_order(line, number, customer, price):
    """In the shop, and told of by webhook."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    template = line.stand_in.control("GET", "shop/Order")[0]["body"]
    body = {**template, "displayFulfillmentStatus": "UNFULFILLED", "risk": None}
    body |= {"cancelledAt": None, "customer": None, "lineItems": template["lineItems"][:1]}
    there = line.stand_in.add(Kind.ORDER, body)
    real = int(str(there.get("id") or there["number"]).rpartition("/")[2])
    message = order(real, customer=customer, at=at, lines=[(7, 1, price)])
    return real, message


def assessed(line, number):
    query = (
        "query($id: ID!) { order(id: $id) { risk { assessments { riskLevel provider { id }"
        " facts { description sentiment } } } } }"
    )
    told = line.stand_in.graphql(query, {"id": f"gid://shopify/Order/{number}"}).json()
    found = told["data"]["order"]["risk"]["assessments"]
    return [each for each in found if each["provider"] is not None]


def state(line, number):
    rows = line.ingress.rows("SELECT * FROM assessment WHERE order_id = ?", number)
    return rows[0] if rows else {"state": None}


def until(line, number, *states):
    end = time.monotonic() + 40
    while state(line, number)["state"] not in states:
        assert time.monotonic() < end, (state(line, number), line.ingress.process.log_end())
        time.sleep(0.05)
    return state(line, number)


def test_an_order_is_assessed_once_and_its_decision_is_on_record(line):
    number, message = new_order(line, 1, 4711, "300.00")
    for topic in ("orders/create", "orders/create", "orders/paid"):
        assert send(line.client, topic, message, domain=line.stand_in.shop).status_code == 200
    row = until(line, number, "sent")
    [found] = assessed(line, number)
    # sigmoid(300 / 100 - 1) by the real graph.
    assert row["probability"] == pytest.approx(0.8808, abs=1e-3)
    assert found["riskLevel"] == row["level"] == "HIGH"
    assert "88.1%" in found["facts"][0]["description"]
    segments = (line.folder / "gateway" / "gateway" / "segments").glob("*")
    decisions = [
        frame.decision.decision_id
        for path in segments
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    ]
    assert decisions.count(row["decision_id"]) == 1
    calls = [each for each in line.stand_in.control("GET", "calls") if "Risk" in json.dumps(each)]
    told = [each for each in calls if "Create" in json.dumps(each)]
    # As many calls as assessments: reconcile may have found one of the shop's own orders news.
    rows = line.ingress.rows("SELECT pending FROM assessment WHERE state = 'sent'")
    assert len(told) == len(rows) + sum(each["pending"] == "sent" for each in rows)


def test_our_own_assessment_s_webhook_begins_no_second_one(line):
    number, message = new_order(line, 2, 4712, "1.00")
    send(line.client, "orders/create", message, domain=line.stand_in.shop)
    until(line, number, "sent")
    before = len(line.stand_in.control("GET", "calls"))
    gid = f"gid://shopify/Order/{number}"
    changed = {"admin_graphql_api_order_id": gid, "risk_level": "LOW"}
    send(line.client, "orders/risk_assessment_changed", changed, domain=line.stand_in.shop)
    line.ingress.settled()
    time.sleep(1)
    calls = line.stand_in.control("GET", "calls")[before:]
    assert [each for each in calls if "OrderRiskAssessmentCreate" in json.dumps(each)] == []


def test_who_opted_out_is_not_assessed(line):
    number, message = new_order(line, 3, 666, "300.00")
    send(line.client, "orders/create", message, domain=line.stand_in.shop)
    row = until(line, number, "opted_out")
    assert row["probability"] is None
    assert assessed(line, number) == []
    assert 'outcome="opted_out"} 1.0' in line.client.get("/metrics").text


def test_an_order_whose_webhook_was_lost_is_found_and_assessed(line):
    number, _ = new_order(line, 4, None, "2.00")
    line.ingress.process.stop()
    line.ingress.start()
    until(line, number, "sent")
    assert len(assessed(line, number)) == 1
    assert 'reconciled_orders_total{outcome="healed"}' in line.client.get("/metrics").text


def test_a_kill_between_score_and_shopify_says_it_once(line):
    numbers = []
    for each in range(6):
        number, message = new_order(line, each, 5000 + each, "300.00")
        send(line.client, "orders/create", message, domain=line.stand_in.shop)
        numbers.append(number)
    line.ingress.process.kill()
    line.ingress.start()
    for number in numbers:
        until(line, number, "sent")
        assert [each["riskLevel"] for each in assessed(line, number)] == ["HIGH"]


def test_an_uninstalled_app_gets_in_nowhere_any_more(tmp_path):
    with StandIn(orders="generated:5", now=None) as stand_in:
        home = tmp_path / "home"
        home.mkdir()
        prepare(home, stand_in)
        ingress = Running(home, {"SIGNALBOX_GATEWAY_URL": "http://127.0.0.1:9"})
        ingress.start()
        with httpx.Client(base_url=ingress.url, timeout=20) as client:
            stand_in.control("DELETE", f"tokens/{stand_in.token}")
            assert send(client, "app/uninstalled", {"id": 1}, domain=stand_in.shop).is_success
        ingress.settled()
        ingress.process.stop()
        store = ConnectionStore(home / "keys")
        assert store.shops() == [stand_in.shop]
        # It looks as it starts, and every half minute.
        ingress.start()
        end = time.monotonic() + 20
        while store.shops():
            assert time.monotonic() < end, ingress.process.log_end()
            time.sleep(0.1)
        ingress.process.stop()
    sync = run_training(home, "shop", "sync")
    assert sync.returncode == 2
    assert "expected a connected shop" in sync.stderr
