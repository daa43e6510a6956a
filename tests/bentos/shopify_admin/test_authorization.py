"""Vectors: ShopifyAPI's own test of its OAuth signature."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import shopify

from bentos.contract.errors import ContractError
from bentos.contract.shopify import SignatureRefused
from bentos.shopify_admin import authorization
from bentos.shopify_admin.authorization import code_of, permission_url

SHOP = "some-shop.myshopify.com"
NOW = 1337178173.0
PUBLISHED = {
    "shop": SHOP,
    "code": "a94a110d86d2452eb3e2af4cfb8a3828",
    "timestamp": "1337178173",
}


def callback(secret="hush", **changed):
    said = PUBLISHED | {"state": "nonce"} | changed
    said = {name: value for name, value in said.items() if value is not None}
    said["hmac"] = authorization.signature(said, secret)
    return "https://app.example/callback?" + urlencode(said)


def test_the_published_vector_is_met():
    expected = "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2"
    assert authorization.signature(PUBLISHED, "hush") == expected


def test_a_signed_callback_gives_its_code():
    assert code_of(callback(), SHOP, "hush", "nonce", NOW) == PUBLISHED["code"]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (callback(secret="other"), "hmac"),
        (callback().replace("a94a", "a94b"), "hmac"),
        ("https://app.example/callback", "hmac"),
        (callback() + "&code=second", "each parameter once"),
        (callback(shop="other.myshopify.com"), "shop"),
        (callback(shop="evil.example"), "shop"),
        (callback(state="another"), "state"),
        (callback(state=None), "state"),
        (callback(code=None), "code"),
        (callback(timestamp="1337000000"), "timestamp"),
        (callback(timestamp="soon"), "timestamp"),
        ("https://a/?" + "&".join(f"k{n}=1" for n in range(40)), "at most 32"),
    ],
)
def test_anything_else_is_refused(address, field):
    with pytest.raises(SignatureRefused, match=field):
        code_of(address, SHOP, "hush", "nonce", NOW)


def test_the_merchant_is_sent_to_the_shop_with_every_scope():
    address = permission_url(SHOP, "client", "https://app.example/callback", "nonce")
    parts = urlsplit(address)
    assert (parts.scheme, parts.hostname) == ("https", SHOP)
    assert parts.path == "/admin/oauth/authorize"
    said = parse_qs(parts.query)
    assert said["scope"] == [",".join(authorization.SCOPES)]
    assert (said["state"], said["client_id"]) == (["nonce"], ["client"])
    with pytest.raises(ContractError, match="myshopify"):
        permission_url("evil.example", "client", "https://app.example", "nonce")


def test_nothing_is_left_in_the_library_s_session():
    code_of(callback(), SHOP, "hush", "nonce", NOW)
    permission_url(SHOP, "client", "https://app.example", "nonce")
    assert (shopify.Session.api_key, shopify.Session.secret) == (None, None)
