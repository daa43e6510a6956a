"""The storefront's doors, called as Shopify and a visitor's browser call them."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bentos.contract.documents import DocumentName
from tests.gateway.shop import (
    ALL,
    APP_SECRET,
    CLIENT,
    DOMAIN,
    ITEMS,
    ITEMS_CANARY,
    OLD_SECRET,
    PREDICT,
    ROW,
    SERVER_KEY,
    bearer,
    decisions,
    open_storefront,
    score,
    session_token,
    signed_query,
    storefront_keys,
    write_secret,
)


# --- app proxy --------------------------------------------------------------------------
async def test_a_theme_gets_json_by_default(shop):
    query = signed_query(("browser_id", "b-1"), ("consent", ALL), ("instances", json.dumps([ROW])))
    response = await shop.client.get(f"/proxy/items?{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["model_version"] == ITEMS
    assert "personalised" not in response.json()
    assert score(response, 39)
    [frame] = decisions(shop)
    assert frame.personal.subject is not None
    assert frame.personal.inputs == {"season": [2.0], "spend": [30.0]}


async def test_a_theme_posts_its_rows_in_the_body(shop):
    query = signed_query(("browser_id", "b-1"), ("consent", ALL))
    response = await shop.client.post(f"/proxy/items?{query}", json={"instances": [ROW, {}]})
    assert response.status_code == 200, response.text
    assert len(response.json()["predictions"]) == 2


@pytest.mark.parametrize(
    ("parameters", "headers"),
    [([("format", "liquid")], {}), ([], {"accept": "application/liquid, */*"})],
)
async def test_a_theme_gets_liquid_when_it_asks(shop, parameters, headers):
    query = signed_query(*parameters)
    response = await shop.client.get(f"/proxy/items?{query}", headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/liquid")
    opening, _, rest = response.text.partition(">")
    assert opening == '<script type="application/json" data-signalbox="items"'
    assert json.loads(rest.removesuffix("</script>\n"))["model_version"] == ITEMS


async def test_login_never_changes_who_is_bucketed(gateway, items):
    shop = await open_storefront(gateway, items, buckets=5000)
    seen = {}
    for customer in ("", "207119551", "990"):
        for browser in range(20):
            query = signed_query(
                ("browser_id", f"b-{browser}"), ("consent", ALL), customer=customer
            )
            answer = (await shop.client.get(f"/proxy/items?{query}")).json()
            seen.setdefault(browser, set()).add((answer["model_version"], answer["variant"]))
    assert all(len(variants) == 1 for variants in seen.values())
    assert {v for variants in seen.values() for v, _ in variants} == {ITEMS, ITEMS_CANARY}
    assert len({frame.personal.subject for frame in decisions(shop)}) == 20


async def test_a_customer_s_id_alone_buckets_nobody(gateway, items):
    shop = await open_storefront(gateway, items, buckets=10_000)
    query = signed_query(("consent", ALL), customer="207119551")
    answer = (await shop.client.get(f"/proxy/items?{query}")).json()
    assert (answer["model_version"], answer["reason"]) == (ITEMS, "STATIC")
    [frame] = decisions(shop)
    assert frame.personal.subject is None


@pytest.mark.parametrize(
    ("query", "words", "reason"),
    [
        (lambda: "", "signature", "missing"),
        (lambda: "signature=a&signature=b", "signature", "malformed"),
        (lambda: signed_query(secret=OLD_SECRET), "signature", "signature"),
        (lambda: signed_query() + "&browser_id=b-2", "signature", "signature"),
        (lambda: signed_query(timestamp=int(time.time()) - 120), "90 s", "expired"),
        (lambda: signed_query(timestamp=int(time.time()) + 120), "90 s", "not_yet"),
        (lambda: signed_query(shop="other.myshopify.com"), "shop", "shop"),
    ],
)
async def test_what_shopify_did_not_sign_now_for_this_shop_is_401(shop, query, words, reason):
    response = await shop.client.get(f"/proxy/items?{query()}", headers=bearer(SERVER_KEY))
    assert response.status_code == 401
    assert words in response.json()["error"]
    assert decisions(shop) == []
    assert await refusals(shop) == {f'path="proxy",reason="{reason}"': 1.0}


async def refusals(shop):
    """Path and reason → how many were answered 401."""
    text = (await shop.client.get("/metrics")).text
    lines = [line for line in text.splitlines() if "unauthorized_total{" in line]
    found = (line.partition("{")[2].rpartition("} ") for line in lines)
    return {labels: float(count) for labels, _, count in found}


async def test_a_secret_rewritten_in_place_opens_the_doors_without_a_new_document(shop):
    write_secret(shop.publisher.home, text=OLD_SECRET)
    for secret, status in ((OLD_SECRET, 401), (APP_SECRET, 200)):
        signed = signed_query(("browser_id", "b-1"), secret=secret)
        assert (await shop.client.get(f"/proxy/items?{signed}")).status_code == status
    shop.serving.shopify.look()
    for secret, status in ((OLD_SECRET, 200), (APP_SECRET, 401)):
        signed = signed_query(("browser_id", "b-1"), secret=secret)
        assert (await shop.client.get(f"/proxy/items?{signed}")).status_code == status


async def test_both_secrets_open_the_doors_while_one_is_rotated(shop):
    write_secret(shop.publisher.home, "old.secret", OLD_SECRET)
    both = storefront_keys(secrets=("file:shopify.secret", "file:old.secret"))
    shop.publish(DocumentName.KEYS, both)
    for secret in (APP_SECRET, OLD_SECRET):
        query = signed_query(secret=secret)
        assert (await shop.client.get(f"/proxy/items?{query}")).status_code == 200
        assert (await checkout(shop, session_token(secret))).status_code == 200
    shop.publish(DocumentName.KEYS, storefront_keys())
    query = signed_query(secret=OLD_SECRET)
    assert (await shop.client.get(f"/proxy/items?{query}")).status_code == 401
    assert (await checkout(shop, session_token(OLD_SECRET))).status_code == 401


async def test_a_theme_never_reaches_a_model_it_was_not_given(shop):
    query = signed_query(("instances", '[{"amount": 1.0}]'), ("consent", ALL))
    response = await shop.client.get(f"/proxy/fraud?{query}")
    assert response.status_code == 403
    assert "fraud" in response.json()["error"]
    everything = storefront_keys(proxy_models=("*",), checkout_models=("*",))
    shop.publish(DocumentName.KEYS, everything)
    assert (await shop.client.get(f"/proxy/fraud?{query}")).status_code == 403
    assert (await checkout(shop, session_token(), model="fraud")).status_code == 403


@pytest.mark.parametrize(
    ("pairs", "body", "field"),
    [
        ([("browser_id", "")], None, "targeting_key"),
        ([("browser_id", "x" * 201)], None, "targeting_key"),
        ([("browser_id", "a"), ("browser_id", "b")], None, "parameter browser_id"),
        ([("consent", "yes")], None, "consent"),
        ([("format", "xml")], None, "parameter format"),
        ([("instances", "[{")], None, "parameter instances"),
        ([("instances", '[{"spend": "a"}]')], None, "$.instances[0].spend"),
        ([("attributes", '{"age": 3}')], None, "attributes.age"),
        ([], b'{"instances": [{}], "targeting_key": "x"}', "body.targeting_key"),
        ([], b'{"instances": [{}], "consent": 15}', "body.consent"),
        ([], b"[1]", "body"),
        ([], b"", "body"),
        ([], b'{"instances": [{}]' + b', "a": ' + b"[" * 5000, "body"),
    ],
)
async def test_bad_input_through_the_proxy_names_its_field(shop, pairs, body, field):
    url = f"/proxy/items?{signed_query(*pairs)}"
    response = await (shop.client.get(url) if body is None else shop.client.post(url, content=body))
    assert response.status_code == 400, response.text
    assert response.json()["field"] == field


async def test_a_proxy_call_cannot_pin_a_version(shop):
    body = {"instances": [{}], "version": ITEMS_CANARY}
    response = await shop.client.post(f"/proxy/items?{signed_query()}", json=body)
    assert response.status_code == 403


async def test_an_app_without_a_readable_secret_lets_nobody_in(shop):
    for reference in ("file:missing.secret", "env:SIGNALBOX_SHOPIFY_NOWHERE", "file:../../x"):
        shop.publish(DocumentName.KEYS, storefront_keys(secrets=(reference,)))
        query = signed_query(secret="")
        assert (await shop.client.get(f"/proxy/items?{query}")).status_code == 503
        assert (await checkout(shop, session_token())).status_code == 503
        # Everything else goes on.
        answer = await shop.client.post(
            PREDICT, json={"instances": [{}]}, headers=bearer(SERVER_KEY)
        )
        assert answer.status_code == 200


async def test_other_methods_and_paths_are_refused(shop):
    query = signed_query()
    assert (await shop.client.put(f"/proxy/items?{query}")).status_code == 405
    assert (await shop.client.get("/checkout/items")).status_code == 405
    assert (await shop.client.get(f"/proxy/nothing?{query}")).status_code == 403
    assert (await shop.client.get(f"/proxy/a/b?{query}")).status_code == 404
    assert (await shop.client.get(f"/proxy/?{query}")).status_code == 404


@pytest.mark.parametrize("path", ["/proxy/items", "/checkout/items"])
async def test_nothing_is_unpacked_for_whoever_may_not_come_in(shop, path):
    headers = {"content-encoding": "gzip"}
    response = await shop.client.post(path, content=b"no gzip", headers=headers)
    assert response.status_code == 401
    allowed = {"authorization": f"Bearer {session_token()}", **headers}
    url = f"{path}?{signed_query()}"
    response = await shop.client.post(url, content=b"no gzip", headers=allowed)
    assert response.status_code == 400
    assert "gzip" in response.json()["error"]


async def test_a_door_keeps_its_rate(shop):
    shop.publish(DocumentName.KEYS, storefront_keys(rate=2))
    statuses = [
        (await shop.client.get(f"/proxy/items?{signed_query()}")).status_code for _ in range(6)
    ]
    assert statuses[0] == 200
    assert statuses.count(429) >= 3


# --- checkout -----------------------------------------------------------------------------
async def checkout(shop, token, model="items", **headers):
    body = {"targeting_key": "b-1", "consent": 15, "instances": [ROW]}
    headers = {**bearer(token), "origin": "null", **headers}
    return await shop.client.post(f"/checkout/{model}", json=body, headers=headers)


async def test_a_checkout_extension_is_answered_whatever_its_origin(shop):
    for origin in ("null", "https://extensions.shopifycdn.example"):
        response = await checkout(shop, session_token(), origin=origin)
        assert response.status_code == 200, response.text
        assert response.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in response.headers
        assert score(response, 39)


@pytest.mark.parametrize(
    "claims",
    [
        {"dest": f"https://{DOMAIN}"},
        {"sub": "gid://shopify/Customer/1"},
        {"exp": int(time.time()) - 5},
        {"nbf": int(time.time()) + 5, "iat": int(time.time()) + 5},
    ],
)
async def test_tokens_shopify_makes_are_taken(shop, claims):
    if "exp" in claims:
        claims = {"exp": int(time.time()) - 5}
    response = await checkout(shop, session_token(**claims))
    assert response.status_code == 200, response.text


def rs256():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode({"dest": DOMAIN, "aud": CLIENT}, key, algorithm="RS256")


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (lambda: session_token(exp=int(time.time()) - 11), "expired"),
        (lambda: session_token(nbf=int(time.time()) + 60), "not_yet"),
        (lambda: session_token(aud="another client"), "audience"),
        (lambda: session_token(aud=None), "claim"),
        (lambda: session_token(exp=None), "claim"),
        (lambda: session_token(nbf=None), "claim"),
        (lambda: session_token(dest="other.myshopify.com"), "shop"),
        (lambda: session_token(dest=None), "claim"),
        (lambda: session_token(dest=f"https://{DOMAIN}.evil.example"), "shop"),
        (lambda: session_token(OLD_SECRET), "signature"),
        (lambda: session_token(algorithm="HS512"), "algorithm"),
        (lambda: session_token("", algorithm="none"), "algorithm"),
        (rs256, "algorithm"),
        (lambda: session_token()[:-2], "malformed"),
        (lambda: tampered(session_token()), "signature"),
        (lambda: "a.b.c", "malformed"),
        (lambda: base64.urlsafe_b64encode(b"[" * 2900).decode() + ".a.b", "malformed"),
        (lambda: "", "malformed"),
        (lambda: "x" * 10_000, "malformed"),
        (lambda: SERVER_KEY, "malformed"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_any_other_token_is_401_and_the_page_may_read_why(shop, token, reason):
    response = await checkout(shop, token())
    assert response.status_code == 401, response.text
    assert response.headers["access-control-allow-origin"] == "*"
    assert APP_SECRET not in response.text
    assert decisions(shop) == []
    assert await refusals(shop) == {f'path="checkout",reason="{reason}"': 1.0}


def tampered(token):
    """Another shop's, under this one's signature."""
    head, _, signature = token.split(".")
    other = session_token(dest="other.myshopify.com").split(".")[1]
    return f"{head}.{other}.{signature}"


async def test_without_a_token_there_is_no_checkout(shop):
    response = await shop.client.post("/checkout/items", json={"instances": [{}]})
    assert response.status_code == 401
    assert "sessionToken" in response.json()["error"]
    assert await refusals(shop) == {'path="checkout",reason="missing"': 1.0}


async def test_a_session_token_opens_the_checkout_door_alone(shop):
    response = await shop.client.post(
        PREDICT, json={"instances": [{}]}, headers=bearer(session_token())
    )
    assert response.status_code == 401
