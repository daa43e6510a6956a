"""From a change in a running stand-in to the app's address: what is told, to whom, how often."""

import asyncio
import json

import httpx
import pytest
from shopify_app import ShopifyApp

from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.webhook_receiver import Receiver
from tests.stand_in.shopify.webhooks import _topic

SUBSCRIBE = """mutation(
 $topic: WebhookSubscriptionTopic!, $uri: String!, $fields: [String!], $filter: String) {
 webhookSubscriptionCreate(
  topic: $topic, webhookSubscription: {uri: $uri, includeFields: $fields, filter: $filter})
 { webhookSubscription { id } userErrors { message } } }"""
UNSUBSCRIBE = """mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {
 deletedWebhookSubscriptionId } }"""
HELD = "{ webhookSubscriptions(first: 50) { nodes { topic } } }"
RUN = """mutation { bulkOperationRunQuery(query: "{ products { edges { node { id } } } }") {
 bulkOperation { id } userErrors { message } } }"""


NEW_SECRET = "another secret, of thirty-two bytes"
SECRET = ("--client-secret", "a secret of more than thirty-two bytes")


@pytest.fixture(scope="module")
def stand_in():
    with StandIn(orders="generated:300", rate=6000, arguments=SECRET) as running:
        yield running


@pytest.fixture
async def app():
    async with Receiver.listening() as receiver:
        yield receiver


async def here(call, *arguments, **named):
    return await asyncio.to_thread(call, *arguments, **named)


async def subscribe(stand_in, app, *topics):
    await here(
        stand_in.control, "POST", "webhooks/subscriptions", {"topics": topics, "uri": app.uri}
    )


async def arrived(app, count=1):
    async with asyncio.timeout(60):
        while len(app.arrived) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return [(headers["X-Shopify-Topic"], json.loads(body)) for headers, body in app.arrived]


def held(stand_in):
    return stand_in.graphql(HELD).json()["data"]["webhookSubscriptions"]["nodes"]


def an_order(stand_in, number):
    return stand_in.control("GET", f"shop/{Kind.ORDER}/{number}")["body"]


async def test_a_new_order_is_told_under_one_event_and_verifies(stand_in, app):
    await subscribe(stand_in, app, "orders/create", "orders/paid", "orders/updated")
    body = await here(an_order, stand_in, 5_000_000_001)
    added = await here(stand_in.add, Kind.ORDER, body)
    told = dict(await arrived(app, 2))
    assert set(told) == {"orders/create", "orders/paid"}
    assert told["orders/create"]["id"] == added["number"]
    assert len({headers["X-Shopify-Event-Id"] for headers, _ in app.arrived}) == 1
    library = ShopifyApp(
        client_id=stand_in.client_id, client_secret=stand_in.client_secret, old_client_secret=None
    )
    for headers, raw in app.arrived:
        asked = {"method": "POST", "url": app.uri, "headers": headers, "body": raw.decode()}
        assert library.verify_webhook_req(asked).ok


async def test_an_own_assessment_comes_back_once(stand_in, app):
    number = 5_000_000_002
    changes = {"displayFulfillmentStatus": "UNFULFILLED"}
    await here(stand_in.alter, Kind.ORDER, number, changes)
    await subscribe(stand_in, app, "orders/risk_assessment_changed")
    mutation = """mutation($id: ID!) { orderRiskAssessmentCreate(orderRiskAssessmentInput: {
      orderId: $id, riskLevel: HIGH, facts: []}) { userErrors { message } } }"""
    gid = f"gid://shopify/Order/{number}"
    answer = (await here(stand_in.graphql, mutation, {"id": gid})).json()
    assert answer["data"]["orderRiskAssessmentCreate"]["userErrors"] == []
    ((_, body),) = await arrived(app)
    assert (body["admin_graphql_api_order_id"], body["risk_level"]) == (gid, "high")
    assert body["provider_id"] == 456
    await here(stand_in.alter, Kind.ORDER, number, {"tags": ["seen"]})
    assert len(await arrived(app)) == 1


async def test_subscriptions_of_the_api_are_told_what_they_asked_for_and_go(stand_in, app):
    said = {"topic": "CUSTOMERS_UPDATE", "uri": app.uri, "fields": ["id", "updated_at"]}
    answer = (await here(stand_in.graphql, SUBSCRIBE, said)).json()["data"]
    assert answer["webhookSubscriptionCreate"]["userErrors"] == []
    await here(stand_in.alter, Kind.CUSTOMER, 7_000_000_001, {"tags": ["a"]})
    ((topic, body),) = await arrived(app)
    assert (topic, set(body)) == ("customers/update", {"id", "updated_at"})
    app.status = 500
    await here(stand_in.alter, Kind.CUSTOMER, 7_000_000_001, {"tags": ["b"]})
    # Eight retries take four hours: less than three seconds at this rate.
    await arrived(app, 10)
    async with asyncio.timeout(60):
        while await here(held, stand_in):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert len({headers["X-Shopify-Webhook-Id"] for headers, _ in app.arrived}) == 2


async def test_a_filter_decides_by_the_whole_body_what_is_told(stand_in, app):
    said = {"topic": "PRODUCTS_UPDATE", "uri": app.uri, "fields": ["id", "variants.price"]}
    said["filter"] = "variants.price:>=1000 AND status:active"
    answer = (await here(stand_in.graphql, SUBSCRIBE, said)).json()["data"]
    made = answer["webhookSubscriptionCreate"]["webhookSubscription"]
    misspelt = {"topic": "products/update", "uri": app.uri, "filter": "pice:>=1000"}
    await here(stand_in.control, "POST", "webhooks/subscriptions", misspelt)
    cheap, dear = 8_000_000_001, 8_000_000_002
    await here(stand_in.alter, Kind.VARIANT, cheap, {"price": "999.99"})
    await here(stand_in.alter, Kind.VARIANT, dear, {"price": "1000.00"})
    ((topic, body),) = await arrived(app)
    assert topic == "products/update"
    assert body == {"id": dear, "variants": [{"price": "1000.00"}]}
    gone = (await here(stand_in.graphql, UNSUBSCRIBE, {"id": made["id"]})).json()["data"]
    assert gone["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == made["id"]


async def test_the_end_of_a_bulk_operation_is_told(stand_in, app):
    await subscribe(stand_in, app, "bulk_operations/finish")
    answer = (await here(stand_in.graphql, RUN)).json()["data"]["bulkOperationRunQuery"]
    ((_, body),) = await arrived(app)
    assert body["admin_graphql_api_id"] == answer["bulkOperation"]["id"]
    assert (body["status"], body["type"], body["error_code"]) == ("completed", "query", None)


async def test_compliance_topics_and_an_uninstalled_app_on_demand(stand_in, app):
    topics = ("customers/redact", "shop/redact", "app/uninstalled")
    await subscribe(stand_in, app, *topics)
    for topic in topics:
        said = {"topic": topic, "customer": 7, "orders": [1, 2]}
        await here(stand_in.control, "POST", "webhooks/send", said)
    told = dict(await arrived(app, 3))
    assert told["customers/redact"]["orders_to_redact"] == [1, 2]
    assert set(told["shop/redact"]) == {"shop_id", "shop_domain"}
    assert told["app/uninstalled"]["id"] == told["shop/redact"]["shop_id"]


@pytest.mark.slow
async def test_a_storm_with_repeats_and_forgeries(stand_in, app):
    await subscribe(stand_in, app, "orders/create")
    faults = {"duplicated": 0.1, "forged": 0.05, "reorder_within_s": 600}
    await here(stand_in.control, "POST", "faults/webhooks", faults)
    await here(stand_in.control, "POST", "webhooks/storm", {"count": 300, "per_second": 500})
    async with asyncio.timeout(60):
        while (told := await here(stand_in.control, "GET", "webhooks"))["waiting"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    calm = dict.fromkeys(faults, 0)
    await here(stand_in.control, "POST", "faults/webhooks", calm)
    log = await here(stand_in.control, "GET", "webhooks/log?limit=50000")
    mine = [each for each in log if each["webhook_id"] in set(app.ids)]
    genuine = [each for each in mine if not each["forged"]]
    assert len(genuine) == 300
    assert len(app.ids) > len(mine) > 300
    assert app.ids[:300] != [each["webhook_id"] for each in genuine]
    assert told["answer_ms"]["p99"] < 5000


async def test_after_a_rotation_either_secret_may_sign(stand_in, app):
    await subscribe(stand_in, app, "products/update")
    before = stand_in.client_secret
    try:
        await here(stand_in.control, "POST", "webhooks/rotate", {"secret": NEW_SECRET})
        await here(stand_in.alter, Kind.PRODUCT, 8_000_000_001, {"tags": ["x"]})
        await arrived(app)
        await here(stand_in.control, "POST", "faults/webhooks", {"old_secret": True})
        await here(stand_in.alter, Kind.PRODUCT, 8_000_000_001, {"tags": ["y"]})
        await arrived(app, 2)
    finally:
        await here(stand_in.control, "POST", "faults/webhooks", {"old_secret": False})
        await here(stand_in.control, "POST", "webhooks/rotate", {"secret": before})
    signed_with = [
        [
            secret
            for secret in (NEW_SECRET, before)
            if ShopifyApp(client_id="x", client_secret=secret, old_client_secret=None)
            .verify_webhook_req(
                {"method": "POST", "url": "", "headers": headers, "body": raw.decode()}
            )
            .ok
        ]
        for headers, raw in app.arrived
    ]
    assert signed_with == [[NEW_SECRET], [before]]


async def test_a_storefront_s_call_goes_through_the_proxy(stand_in, app):
    await here(stand_in.control, "POST", "app_proxy", {"url": f"{app.uri}/proxy"})
    headers = {"X-Stand-In-Customer": "7", "Cookie": "a=b"}
    answer = await here(httpx.get, f"{stand_in.url}/apps/ml/recommend?a=1&a=2", headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    ((seen, _),) = app.arrived
    assert "Cookie" not in seen
    assert "X-Stand-In-Customer" not in seen
    path, _, query = app.addresses[0].partition("?")
    assert path == "/webhooks/proxy/recommend"
    assert query.startswith(f"a=1&a=2&shop={stand_in.shop}&logged_in_customer_id=7&path_prefix=")
    nobody = await here(httpx.get, f"{stand_in.url}/apps/other/x")
    assert nobody.status_code == 404


def test_tokens_are_minted_for_this_shop_and_app(stand_in):
    token = stand_in.control("POST", "checkout_token", {"customer": "7"})["token"]
    library = ShopifyApp(
        client_id=stand_in.client_id, client_secret=stand_in.client_secret, old_client_secret=None
    )
    headers = {"Authorization": f"Bearer {token}"}
    asked = {"method": "GET", "url": "https://app/x", "headers": headers, "body": ""}
    # Minted by the shop's clock, which is not ours: expired or not yet good here, but genuine.
    assert library.verify_checkout_ui_ext_req(asked).log.code in {
        "expired_id_token",
        "invalid_id_token",
        "verified",
    }
    with pytest.raises(httpx.HTTPStatusError):
        stand_in.control("POST", "checkout_token", {"flaw": "unheard of"})


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("ORDERS_CREATE", "orders/create"),
        ("ORDERS_RISK_ASSESSMENT_CHANGED", "orders/risk_assessment_changed"),
        ("INVENTORY_LEVELS_UPDATE", "inventory_levels/update"),
        ("BULK_OPERATIONS_FINISH", "bulk_operations/finish"),
        ("APP_UNINSTALLED", "app/uninstalled"),
        ("CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE", "customers_email_marketing_consent/update"),
        ("APP_SCOPES_UPDATE", "app/scopes_update"),
    ],
)
def test_topics_of_the_schema_are_those_of_the_header(name, topic):
    assert _topic(name) == topic
