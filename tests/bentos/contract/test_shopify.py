"""Shopify's published vectors, and everything around them that must not pass."""

import hmac
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.errors import ContractError
from bentos.contract.shopify import (
    SecretReference,
    SignatureRefused,
    check_proxy_call,
    check_session_claims,
    check_webhook,
    normal_shop,
    parse_secret_reference,
    proxy_signature,
)

SECRET = b"hush"
OTHER = b"the secret of before"
SHOP = "shop-name.myshopify.com"
NOW = 1317327555
# shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies
LOGGED_IN = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1"
    "&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
    "&signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
)
ANONYMOUS = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id="
    "&path_prefix=%2Fapps%2Fawesome_reviews&timestamp=1317327555"
    "&signature=e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb"
)


def signed(*pairs, secret=SECRET, shop=SHOP, timestamp=NOW):
    whole = [*pairs, ("shop", shop), ("path_prefix", "/apps/ml"), ("timestamp", str(timestamp))]
    return urlencode([*whole, ("signature", proxy_signature(whole, secret))])


@pytest.mark.parametrize(("query", "customer"), [(LOGGED_IN, "1"), (ANONYMOUS, None)])
def test_published_calls_are_verified(query, customer):
    call = check_proxy_call(query, [SECRET], SHOP, NOW)
    assert call == (SHOP, "/apps/awesome_reviews", NOW, customer, {"extra": ("1", "2")})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (LOGGED_IN.replace("customer_id=1", "customer_id=2"), "signature"),
        (LOGGED_IN.replace("extra=1&extra=2", "extra=2&extra=1"), "signature"),
        (LOGGED_IN.replace("ddb", "ddc"), "signature"),
        (LOGGED_IN.replace("ddb", "dd%C3%A9"), "signature"),
        (LOGGED_IN.replace("ddb", "dd%FF"), "signature"),
        (LOGGED_IN.rpartition("&")[0], "signature"),
        (f"{LOGGED_IN}&signature=x", "signature"),
        (f"{LOGGED_IN}&more=1", "signature"),
        ("", "signature"),
        (signed(timestamp="soon"), "timestamp"),
        (signed(timestamp="٣"), "timestamp"),
        (signed(("timestamp", str(NOW))), "timestamp"),
        (signed(shop="other.myshopify.com"), "shop"),
        (signed(("shop", "other.myshopify.com")), "shop"),
        ("&".join(f"a{number}=1" for number in range(70)), "query"),
    ],
)
def test_everything_else_is_refused_by_name(query, field):
    with pytest.raises(SignatureRefused) as caught:
        check_proxy_call(query, [SECRET], SHOP, NOW)
    assert caught.value.field == field


@pytest.mark.parametrize("away", [-91, 91, 10_000, -10_000])
def test_a_call_of_another_time_is_refused(away):
    with pytest.raises(SignatureRefused, match="timestamp"):
        check_proxy_call(ANONYMOUS, [SECRET], SHOP, NOW + away)


@pytest.mark.parametrize("away", [-90, 90, 0])
def test_a_call_within_the_window_is_taken(away):
    assert check_proxy_call(ANONYMOUS, [SECRET], SHOP, NOW + away).shop == SHOP


def test_both_secrets_sign_while_one_is_rotated():
    old = signed(secret=OTHER)
    assert check_proxy_call(old, [SECRET, OTHER], SHOP, NOW).shop == SHOP
    for secrets in ([SECRET], []):
        with pytest.raises(SignatureRefused):
            check_proxy_call(old, secrets, SHOP, NOW)


def test_either_order_of_shopify_s_samples_is_taken():
    pairs = [("a", "1"), ("a-b", "2"), ("shop", SHOP), ("timestamp", str(NOW))]
    for order in (sorted(pairs), sorted(pairs, key="=".join)):
        message = "".join(f"{name}={value}" for name, value in order)
        signature = hmac.new(SECRET, message.encode(), "sha256").hexdigest()
        query = urlencode([*pairs, ("signature", signature)])
        assert check_proxy_call(query, [SECRET], SHOP, NOW).parameters["a-b"] == ("2",)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=8))
def test_any_parameters_survive_their_signature(pairs):
    names = {"shop", "path_prefix", "timestamp", "signature", "logged_in_customer_id"}
    pairs = [(name, value) for name, value in pairs if name not in names]
    call = check_proxy_call(signed(*pairs), [SECRET], SHOP, NOW)
    assert [(n, v) for n, values in call.parameters.items() for v in values] == sorted(
        pairs, key=lambda pair: list(call.parameters).index(pair[0])
    )


def test_bytes_that_are_no_text_are_verified_as_bytes():
    rest = f"path_prefix=/shop={SHOP}timestamp={NOW}"
    signature = hmac.new(SECRET, b"a=\xff\xfe" + rest.encode(), "sha256").hexdigest()
    query = f"a=%FF%FE&path_prefix=/&shop={quote(SHOP)}&timestamp={NOW}&signature={signature}"
    assert check_proxy_call(query, [SECRET], SHOP, NOW).path_prefix == "/"


# --- webhooks ---------------------------------------------------------------------------
BODY = b'{"id":820982911946154508}'
HMAC = b"qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I="


def test_a_webhook_is_verified_over_its_raw_body():
    check_webhook(BODY, HMAC, [SECRET])
    check_webhook(BODY, HMAC, [OTHER, SECRET])


@pytest.mark.parametrize(
    ("body", "header", "secrets"),
    [
        (BODY + b" ", HMAC, [SECRET]),
        (BODY, HMAC.rstrip(b"="), [SECRET]),
        (BODY, None, [SECRET]),
        (BODY, b"", [SECRET]),
        (BODY, b"\xff", [SECRET]),
        (BODY, HMAC, [OTHER]),
        (BODY, HMAC, []),
    ],
)
def test_any_other_webhook_is_refused(body, header, secrets):
    with pytest.raises(SignatureRefused, match="X-Shopify-Hmac-Sha256"):
        check_webhook(body, header, secrets)


# --- session tokens -----------------------------------------------------------------------
@pytest.mark.parametrize("dest", [SHOP, f"https://{SHOP}", f"https://{SHOP}/", SHOP.upper()])
def test_a_token_of_this_shop_is_taken(dest):
    check_session_claims({"dest": dest}, SHOP)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"dest": None},
        {"dest": 5},
        {"dest": "other.myshopify.com"},
        {"dest": f"http://{SHOP}"},
        {"dest": f"{SHOP}.evil.com"},
        {"dest": f"evil.com/{SHOP}"},
        {"dest": f"https://https://{SHOP}"},
        {"dest": f"{SHOP}\n"},
        {"dest": ""},
    ],
)
def test_a_token_of_another_shop_is_refused(claims):
    with pytest.raises(SignatureRefused, match="dest"):
        check_session_claims(claims, SHOP)


@pytest.mark.parametrize("text", ["shop", "myshopify.com", "a b.myshopify.com", "-a.myshopify.com"])
def test_what_is_no_shop_is_refused(text):
    with pytest.raises(ContractError, match="myshopify"):
        normal_shop(text)


# --- where secrets lie --------------------------------------------------------------------
def test_references_name_a_file_of_the_keys_folder_or_one_of_our_variables():
    assert parse_secret_reference("file:shopify.secret") == SecretReference(
        "file", "shopify.secret"
    )
    variable = "SIGNALBOX_SHOPIFY_SECRET"
    assert parse_secret_reference(f"env:{variable}") == SecretReference("env", variable)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:",
        "file:../x",
        "file:a/b",
        "file:.hidden",
        "env:PATH",
        "env:SIGNALBOX_HOME",
        "hush",
    ],
)
def test_references_name_nothing_else(text):
    with pytest.raises(ContractError):
        parse_secret_reference(text)
