"""The Admin client against the stand-in: another process, over HTTP, with Shopify's limits."""

import multiprocessing
import re
import threading
import time

import pytest

from bentos.shopify_admin import document
from bentos.shopify_admin.client import AdminClient
from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.connected import connect, connected_client
from bentos.shopify_admin.connection import Connection, ConnectionStore
from bentos.shopify_admin.cost import stated
from bentos.shopify_admin.errors import AccessDenied, Refused, ResultExpired, Unauthorized
from bentos.shopify_admin.shared_bucket import SharedBucket
from bentos.shopify_admin.tokens import FixedToken
from tests import node_packages
from tests.stand_in.shopify import process
from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind

# Those that are texts of bulk operations state no cost: they are never sent by themselves.
QUERIES = [
    name
    for name in document.names()
    if not document.load(name).is_mutation and document.load(name).cost.fixed
]
VALUES = {
    "after": None,
    "changed": "updated_at:>='2026-01-01T00:00:00Z'",
    "first": 25,
    "query": None,
}
IDS = {
    "order_risk": "gid://shopify/Order/1",
    "refund_lines": "gid://shopify/Refund/1",
}


@pytest.fixture(scope="module")
def shop():
    node_packages.install(process.ROOT / "tests" / "stand_in" / "shopify")
    with StandIn(rate=60) as running:
        yield running


@pytest.fixture
def calls(shop):
    """Forgets what was called before; gives the calls since."""
    shop.control("DELETE", "faults")
    shop.control("DELETE", "calls")
    return lambda: shop.control("GET", "calls")


@pytest.fixture
def client(shop, tmp_path):
    with client_of(shop.url, shop.shop, FixedToken(shop.token), shop.clock, tmp_path) as made:
        yield made


def client_of(url, shop, tokens, clock, home):
    bucket = SharedBucket(home, shop, clock=clock)
    return AdminClient(shop, tokens, site=url, clock=clock, bucket=bucket)


def pages(client, name, root, first):
    """Every node of a paged document."""
    after = None
    while True:
        page = client.execute(name, {"first": first, "after": after})[root]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def test_paging_gives_every_order_once_and_nothing_is_throttled(shop, client, calls):
    ids = [node["id"] for node in pages(client, "orders_page", "orders", 50)]
    assert len(ids) == len(set(ids)) > 100
    assert not any(call.get("throttled") for call in calls())
    history = shop.control("GET", "bucket")
    assert history["throttled"] == 0
    assert history["lowest"] >= 0


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_answered_and_costs_what_it_states(shop, client, name, monkeypatch):
    learnt = []
    monkeypatch.setattr(client._costs, "learn", lambda *said: learnt.append(said))
    declared = re.findall(r"\$(\w+):", document.load(name).text)
    known = VALUES | {"id": IDS.get(name, "gid://shopify/BulkOperation/1")}
    variables = {each: known[each] for each in declared}
    client.execute(name, variables)
    [(loaded, _, cost)] = learnt
    assert cost == stated(loaded.cost, variables)


def test_an_assessment_is_written_back(shop, client):
    newest = max(pages(client, "orders_page", "orders", 100), key=lambda order: order["createdAt"])
    number = int(newest["id"].rpartition("/")[2])
    shop.alter(Kind.ORDER, number, {"displayFulfillmentStatus": "UNFULFILLED"})
    fact = {"description": "The address was never seen", "sentiment": "NEGATIVE"}
    assessment = {"orderId": newest["id"], "riskLevel": "HIGH", "facts": [fact]}
    said = client.execute("order_risk_assessment_create", {"assessment": assessment})
    made = said["orderRiskAssessmentCreate"]["orderRiskAssessment"]
    assert made["riskLevel"] == "HIGH"
    assessment["facts"] = [fact] * 21
    with pytest.raises(Refused) as raised:
        client.execute("order_risk_assessment_create", {"assessment": assessment})
    assert raised.value.codes == ("TOO_MANY_FACTS",)
    shop.alter(Kind.ORDER, number, {"displayFulfillmentStatus": "FULFILLED"})
    assessment["facts"] = [fact]
    with pytest.raises(Refused) as raised:
        client.execute("order_risk_assessment_create", {"assessment": assessment})
    assert raised.value.codes == ("ORDER_ALREADY_FULFILLED",)


@pytest.mark.parametrize(
    "kind", [429, 430, 423, 502, 504, "throttled", "reset", "half", "no_answer"]
)
@pytest.mark.slow
def test_a_bad_day_is_got_through(shop, client, calls, kind):
    shop.control("POST", "faults", {"kind": kind, "times": 2})
    assert client.execute("shop_info")["shop"]["myshopifyDomain"] == shop.shop
    assert len(calls()) >= 3


def finished(shop, client):
    """A bulk operation that lists all orders, once it has completed."""
    text = document.load("bulk_order_ids").inlined()
    started = client.execute("bulk_start", {"query": text})["bulkOperationRunQuery"]
    identifier = started["bulkOperation"]["id"]
    while True:
        found = client.execute("bulk_status", {"id": identifier})["bulkOperation"]
        if found["status"] == "COMPLETED":
            return found
        shop.clock.sleep(1)


def test_a_bulk_result_whose_connection_breaks_comes_whole(shop, client):
    done = finished(shop, client)
    size = int(done["fileSize"])
    shop.control("POST", "faults/bulk", {"truncate_after": size // 3, "truncate_times": 2})
    content = b"".join(client.download(done["url"], size=size))
    assert len(content) == size
    assert len(content.splitlines()) == int(done["objectCount"]) > 100
    resumed = b"".join(client.download(done["url"], 1234, size))
    assert resumed == content[1234:]


def test_a_bulk_result_that_has_expired_is_told(shop, client):
    done = finished(shop, client)
    shop.control("POST", f"bulk/{done['id'].rpartition('/')[2]}/expire")
    with pytest.raises(ResultExpired, match="again"):
        list(client.download(done["url"]))


def test_a_bulk_operation_can_be_cancelled(shop, client):
    shop.control("POST", "faults/bulk", {"lag_s": 3600})
    text = document.load("bulk_order_ids").inlined()
    started = client.execute("bulk_start", {"query": text})["bulkOperationRunQuery"]
    said = client.execute("bulk_operation_cancel", {"id": started["bulkOperation"]["id"]})
    shop.control("POST", "faults/bulk", {"lag_s": 0})
    assert said["bulkOperationCancel"]["bulkOperation"]["status"] in ("CANCELING", "CANCELED")


def test_a_webhook_is_subscribed_to(shop, client):
    wanted = {"uri": "https://app.example/webhooks", "format": "JSON"}
    variables = {"topic": "ORDERS_CREATE", "subscription": wanted}
    said = client.execute("webhook_subscription_create", variables)["webhookSubscriptionCreate"]
    assert said["webhookSubscription"]["uri"] == wanted["uri"]


def test_scopes_that_are_missing_and_tokens_that_are_none_are_told_apart(shop, tmp_path):
    minted = shop.control("POST", "tokens", {"scopes": "read_products"})["token"]
    outdated = shop.control("POST", "tokens", {"outdated": True})["token"]
    for token, error, says in (
        (minted, AccessDenied, "read_orders|orders"),
        (outdated, Unauthorized, "expires"),
        ("shpat_none", Unauthorized, "connect"),
    ):
        with (
            client_of(shop.url, shop.shop, FixedToken(token), shop.clock, tmp_path) as made,
            pytest.raises(error, match=says),
        ):
            made.execute("orders_page", {"first": 1})


def test_a_connected_shop_outlives_its_tokens(shop, tmp_path, calls):
    credentials = Connection(
        shop=shop.shop,
        grant="client_credentials",
        site=shop.url,
        client_id=shop.client_id,
        client_secret=shop.client_secret,
    )
    connect(tmp_path, credentials, clock=shop.clock)
    first = ConnectionStore(tmp_path / "keys").read(shop.shop).access_token
    with connected_client(tmp_path, shop.shop, clock=shop.clock) as made:
        made.execute("shop_info")
        shop.control("DELETE", f"tokens/{first}")
        made.execute("shop_info")
    second = ConnectionStore(tmp_path / "keys").read(shop.shop).access_token
    assert second != first
    assert [call["grant"] for call in calls() if "grant" in call] == ["client_credentials"] * 2


def test_a_token_that_ends_meanwhile_is_refreshed_by_one(shop, tmp_path, calls):
    body = {"client_id": shop.client_id, "client_secret": shop.client_secret}
    granted = shop.http.post("/admin/oauth/access_token", data=body | {"code": "x", "expiring": 1})
    offline = Connection(
        shop=shop.shop,
        grant="offline",
        site=shop.url,
        client_id=shop.client_id,
        client_secret=shop.client_secret,
        refresh_token=granted.json()["refresh_token"],
    )
    ConnectionStore(tmp_path / "keys").write(offline)
    with connected_client(tmp_path, shop.shop, clock=shop.clock) as made:
        threads = [threading.Thread(target=made.execute, args=("shop_info",)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [call["grant"] for call in calls() if "grant" in call].count("refresh_token") == 1


def page_for_ever(shop, home, stop, counts):
    """A process of its own that pages as fast as it may."""
    url, name, token, said = shop
    clock, done = AcceleratedClock.of(said), 0
    with client_of(url, name, FixedToken(token), clock, home) as made:
        while not stop.is_set():
            for _ in pages(made, "orders_page", "orders", 50):
                if stop.is_set():
                    break
            done += 1
    counts.put(done)


class Watch:
    """Waits in small steps, and notices when the whole machine stood still in between."""

    def __init__(self, shop):
        self.shop, self.seen, self.longest = shop, time.monotonic(), 0.0

    def step(self):
        time.sleep(0.05)
        self.longest = max(self.longest, time.monotonic() - self.seen)
        self.seen = time.monotonic()

    def wait(self, seconds):
        until = self.shop.clock.monotonic() + seconds
        while self.shop.clock.monotonic() < until:
            self.step()

    def down_to(self, level):
        """Until so little is left in the bucket; what happened to it."""
        until = time.monotonic() + 150
        while (history := self.shop.control("GET", "bucket"))["level"] > level:
            assert time.monotonic() < until, f"the machine is the bottleneck: {history}"
            self.step()
        return history


def used(shop):
    """What became of the bucket in a while in which the machine did not stand still for long."""
    for _ in range(3):
        watch = Watch(shop)
        watch.down_to(300)
        watch.longest = 0.0
        shop.control("DELETE", "bucket")
        began = shop.control("GET", "bucket")["level"]
        watch.wait(15)
        history = watch.down_to(began)
        if watch.longest < 10:
            break
    return history


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_processes_share_the_bucket_and_use_all_of_it(tmp_path):
    """Nobody is ever THROTTLED, and nothing of what Shopify gives is left to overflow.

    A machine that stands still for a moment leaves points in the bucket, as nobody can spend
    any; they are lost only when it is full. So it is looked at when as little is left as in the
    beginning: who uses less than comes back never gets there. The clock is half as fast as
    ours, so that not the machine is what there is too little of.
    """
    node_packages.install(process.ROOT / "tests" / "stand_in" / "shopify")
    context = multiprocessing.get_context("spawn")
    with StandIn(rate=0.5) as shop:
        stop, counts = context.Event(), context.Queue()
        known = (shop.url, shop.shop, shop.token, shop.clock.to_json())
        workers = [
            context.Process(target=page_for_ever, args=(known, tmp_path, stop, counts))
            for _ in range(3)
        ]
        for worker in workers:
            worker.start()
        try:
            history = used(shop)
        finally:
            stop.set()
            for worker in workers:
                worker.join(60)
    print(history)
    assert history["throttled"] == 0
    assert history["lowest"] >= 0
    # Nothing overflowed: what was used is what came back, and what was there at the start.
    assert history["share_kept"] == 1
    assert history["share_used"] >= 0.9
    assert history["seconds"] >= 15
    assert history["asked"] >= 15
