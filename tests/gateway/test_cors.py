"""Publishable keys in a web page, and which pages may read what."""

import pytest

from tests.gateway.shop import (
    BROWSER_KEY,
    ITEMS_CANARY,
    ORIGIN,
    PREDICT,
    SERVER_KEY,
    bearer,
    direct,
)


async def test_a_publishable_key_answers_the_pages_it_is_for(shop):
    response = await direct(shop, origin=ORIGIN)
    assert response.status_code == 200, response.text
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["vary"] == "Origin"
    assert "x-signalbox-decision-id" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ORIGIN + ".evil.example"},
        {"origin": ORIGIN.upper()},
    ],
)
async def test_a_publishable_key_answers_no_other_page(shop, headers):
    response = await direct(shop, **headers)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers


async def test_a_publishable_key_reaches_its_models_alone_and_pins_nothing(shop):
    assert (await direct(shop, model="fraud", origin=ORIGIN)).status_code == 403
    response = await shop.client.post(
        PREDICT,
        json={"instances": [{}], "version": ITEMS_CANARY},
        headers={**bearer(BROWSER_KEY), "origin": ORIGIN},
    )
    assert response.status_code == 403
    # The page may read why.
    assert response.headers["access-control-allow-origin"] == ORIGIN


async def test_an_api_key_has_no_page_by_default(shop):
    response = await direct(shop, SERVER_KEY, origin="https://evil.example")
    assert response.status_code == 200
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", [PREDICT, "/v2/models/items/infer"])
async def test_preflights_need_no_key(shop, path):
    asked = {"access-control-request-method": "POST", "origin": ORIGIN}
    response = await shop.client.options(path, headers=asked)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-methods"] == "POST"
    assert response.headers["access-control-max-age"] == "7200"
    allowed = response.headers["access-control-allow-headers"]
    assert {"Authorization", "Content-Type", "X-Signalbox-Consent"} <= set(allowed.split(", "))
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        refused = await shop.client.options(path, headers=headers)
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers


async def test_the_checkout_s_preflight_is_open_to_every_page(shop):
    for origin in ("null", "https://anything.example"):
        response = await shop.client.options("/checkout/items", headers={"origin": origin})
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == "*"
    assert (await shop.client.options("/proxy/items")).status_code == 405
    assert (await shop.client.options("/metrics")).status_code == 405
