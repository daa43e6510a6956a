"""Shopify's own libraries take what the stand-in signs, and refuse what it spoils."""

import time
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from shopify_app import ShopifyApp

from tests.stand_in.shopify.app_proxy import Visit, signature, signed_query
from tests.stand_in.shopify.checkout_token import App, Flaw, checkout_token
from tests.stand_in.shopify.shopify_library import verify
from tests.stand_in.shopify.webhook_delivery import Delivery, body_signature

SHOP = "shop-name.myshopify.com"
APP = App("the client id", "hush and hush again, thirty-two+")
OLD = "the secret before this one, 32 b+"
PUBLISHED = Visit(SHOP, "/apps/awesome_reviews", 1317327555, "1")


def now():
    """Asked when it is needed: between the collection of a test and its turn lie minutes."""
    return int(time.time())


@pytest.fixture(scope="module")
def library():
    return ShopifyApp(
        client_id=APP.client_id, client_secret=APP.client_secret, old_client_secret=OLD
    )


def delivery(**changed):
    given = {
        "subscription_id": "gid://shopify/WebhookSubscription/1",
        "topic": "orders/create",
        "uri": "http://127.0.0.1:1/webhooks",
        "shop": SHOP,
        "body": '{"id":820982911946154508,"note":"naïve"}'.encode(),
        "triggered_at": datetime.now(UTC),
        "event_id": "one action",
    }
    return Delivery(**{**given, **changed})


def visit(**changed):
    return Visit(SHOP, "/apps/ml", now(), "7")._replace(**changed)


def webhook_request(sent, secret):
    return {
        "method": "POST",
        "url": sent.uri,
        "headers": sent.headers(secret),
        "body": sent.body.decode(),
    }


def proxy_request(query):
    return {
        "method": "GET",
        "headers": {},
        "url": f"https://app.example.com/proxy/x?{query}",
        "body": "",
    }


def checkout_request(token):
    headers = {"Authorization": f"Bearer {token}"}
    return {"method": "GET", "url": "https://app.example.com/x", "headers": headers, "body": ""}


def test_the_published_webhook_vector():
    signed = body_signature(b'{"id":820982911946154508}', "hush")
    assert signed == "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I="


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ("1", "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"),
        ("", "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb"),
    ],
)
def test_the_published_app_proxy_vectors(customer, expected):
    query = signed_query("extra=1&extra=2", PUBLISHED._replace(customer=customer), "hush")
    assert dict(parse_qsl(query, keep_blank_values=True))["signature"] == expected


@pytest.mark.parametrize("secret", [APP.client_secret, OLD])
def test_webhooks_are_verified(library, secret):
    answer = library.verify_webhook_req(webhook_request(delivery(), secret))
    assert (answer.ok, answer.shop) == (True, "shop-name")


def test_forged_webhooks_are_refused(library):
    answer = library.verify_webhook_req(webhook_request(delivery(forged=True), APP.client_secret))
    assert (answer.ok, answer.response.status, answer.log.code) == (False, 401, "invalid_hmac")


@pytest.mark.parametrize(("customer", "seen"), [("7", "7"), ("", "")])
def test_app_proxy_calls_are_verified(library, customer, seen):
    query = signed_query("y=a%26b&y=c%20d&empty=", visit(customer=customer), APP.client_secret)
    answer = library.verify_app_proxy_req(proxy_request(query))
    assert (answer.ok, answer.shop, answer.logged_in_customer_id) == (True, "shop-name", seen)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (lambda: signed().replace("x=1", "x=2"), "invalid_signature"),
        (lambda: signed(secret="another"), "invalid_signature"),
        (lambda: signed(timestamp=now() - 95), "timestamp_too_old"),
        (lambda: signed(timestamp=now() + 120), "timestamp_too_old"),
        (lambda: signed(f"shop={SHOP}"), "multiple_shop_parameters"),
    ],
)
def test_spoilt_app_proxy_calls_are_refused(library, query, code):
    answer = library.verify_app_proxy_req(proxy_request(query()))
    assert (answer.ok, answer.response.status, answer.log.code) == (False, 401, code)


def signed(query="x=1", secret=APP.client_secret, **changed):
    return signed_query(query, visit(**changed), secret)


@pytest.mark.parametrize("customer", ["7", None])
def test_checkout_tokens_are_verified(library, customer):
    token = checkout_token(SHOP, APP, now(), customer)
    answer = library.verify_checkout_ui_ext_req(checkout_request(token))
    assert (answer.ok, answer.shop) == (True, "shop-name")
    claims = answer.id_token.claims
    assert claims["dest"] == SHOP
    assert claims.get("sub") == (customer and f"gid://shopify/Customer/{customer}")
    assert claims["exp"] - claims["iat"] == 300
    assert {"iss", "sid"} & set(claims) == set()


SPOILT = {
    Flaw.EXPIRED: "expired_id_token",
    Flaw.NOT_YET: "invalid_id_token",
    Flaw.WRONG_AUDIENCE: "invalid_aud",
    Flaw.ALG_NONE: "invalid_id_token",
    Flaw.OTHER_ALGORITHM: "invalid_id_token",
    Flaw.TAMPERED: "invalid_id_token",
    Flaw.WRONG_SECRET: "invalid_id_token",
}


@pytest.mark.parametrize("flaw", SPOILT)
def test_spoilt_checkout_tokens_are_refused(library, flaw):
    token = checkout_token(SHOP, APP, now(), "7", flaw)
    answer = library.verify_checkout_ui_ext_req(checkout_request(token))
    assert (answer.ok, answer.response.status, answer.log.code) == (False, 401, SPOILT[flaw])


def test_a_token_of_another_shop_is_genuine_and_says_so(library):
    token = checkout_token(SHOP, APP, now(), flaw=Flaw.WRONG_SHOP)
    assert library.verify_checkout_ui_ext_req(checkout_request(token)).shop == "another-shop"


@pytest.mark.slow
def test_the_javascript_library_agrees():
    """One process for all of it: starting node costs more than all checks together."""
    good, forged = delivery(), delivery(forged=True)
    nameless = good.headers(APP.client_secret)
    del nameless["X-Shopify-Topic"]
    query = signed_query("y=2&y=1&a=ü", visit(), APP.client_secret)
    expected = [
        (webhook_check(good, good.headers(APP.client_secret)), True),
        (webhook_check(forged, forged.headers(APP.client_secret)), False),
        (webhook_check(good, nameless), False),
        ({"kind": "appProxy", "query": query}, True),
        ({"kind": "appProxy", "query": query.replace("y=2", "y=3")}, False),
        (
            {
                "kind": "appProxy",
                "query": signed_query("", visit(timestamp=now() - 95), APP.client_secret),
            },
            False,
        ),
        ({"kind": "token", "token": checkout_token(SHOP, APP, now(), "7")}, True),
        *[
            ({"kind": "token", "token": checkout_token(SHOP, APP, now(), "7", each)}, False)
            for each in SPOILT
        ],
    ]
    answers = verify(APP.client_id, APP.client_secret, [check for check, _ in expected])
    assert [answer["valid"] for answer in answers] == [valid for _, valid in expected], answers
    assert answers[0]["topic"] == "ORDERS_CREATE"
    assert answers[0]["webhookId"] == good.webhook_id
    assert answers[2]["missingHeaders"] == ["X-Shopify-Topic"]
    assert answers[6]["dest"] == SHOP


def webhook_check(sent, headers):
    return {"kind": "webhook", "body": sent.body.decode(), "headers": headers}


def test_repeats_are_joined_with_commas_in_their_order():
    assert signature([("b", "2"), ("a", "1"), ("b", "1")], "s") == signature(
        [("a", "1"), ("b", "2,1")], "s"
    )
