"""The storefront's doors from the command line to the gateway, and secrets that are rotated."""

import json
import time
from urllib.parse import urlencode

import jwt
import pytest

from bentos.contract.shopify import proxy_signature
from load_tests.installation.line import SHOP
from load_tests.installation.model import MODEL

pytestmark = pytest.mark.acceptance
DOMAIN = "acceptance-shop.myshopify.com"
CLIENT = "0123456789abcdef0123456789abcdef"
ORIGIN = "https://acceptance-shop.example"
FIRST, SECOND = "shpss_" + "1" * 32, "shpss_" + "2" * 32
BODY = {"targeting_key": "b-1", "instances": [{"a": 1.0, "b": 2.0, "c": 3.0}]}


def cli(line, *arguments):
    done = line.run("-m", "control_plane.cli", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def predict(line, key, **headers):
    headers = {"authorization": f"Bearer {key}", **headers}
    return line.gateway.post(f"/v1/models/{MODEL}:predict", json=BODY, headers=headers)


def proxy(line, secret):
    pairs = [
        ("browser_id", "b-1"),
        ("consent", "15"),
        ("instances", json.dumps(BODY["instances"])),
        ("shop", DOMAIN),
        ("logged_in_customer_id", ""),
        ("path_prefix", "/apps/ml"),
        ("timestamp", str(int(time.time()))),
    ]
    query = urlencode([*pairs, ("signature", proxy_signature(pairs, secret.encode()))])
    return line.gateway.get(f"/proxy/{MODEL}?{query}")


def checkout(line, secret):
    now = int(time.time())
    claims = {"dest": DOMAIN, "aud": CLIENT, "nbf": now, "exp": now + 300, "iat": now, "jti": "1"}
    headers = {"authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}
    return line.gateway.post(f"/checkout/{MODEL}", json=BODY, headers=headers)


def write_secret(line, name, secret):
    path = line.home / "keys" / name
    path.touch(mode=0o600)
    path.write_text(secret)


def set_app(line, *secrets):
    references = [part for secret in secrets for part in ("--secret", f"file:{secret}")]
    doors = ["--proxy-model", MODEL, "--checkout-model", MODEL, "--rate", "100"]
    return cli(line, "shopify", "set", CLIENT, "--domain", DOMAIN, *references, *doors)


@pytest.fixture(scope="module", autouse=True)
def public(line):
    """The model is made public, and is server-only again afterwards."""
    person = {"id": "mary", "name": "Mary", "roles": ["compliance"]}
    line.call("admin", "POST", "/api/v1/people", person)
    line.keys["compliance"] = line.call("admin", "POST", "/api/v1/people/mary/keys", {})["key"]
    path = f"/api/v1/models/{MODEL}/visibility"
    line.call("compliance", "PUT", path, {"visibility": "public", "reason": "as tested"})
    yield
    line.call("compliance", "PUT", path, {"visibility": "server", "reason": "as tested"})
    line.call("admin", "DELETE", "/api/v1/people/mary")


def test_a_caller_s_key_is_rotated_without_a_refused_call(line):
    first = cli(line, "callers", "create", "rotated")
    line.until(lambda: predict(line, first["key"]).status_code == 200)
    second = cli(line, "callers", "create", "rotated")
    line.until(lambda: predict(line, second["key"]).status_code == 200)
    assert predict(line, first["key"]).status_code == 200
    cli(line, "callers", "revoke", first["id"])
    line.until(lambda: predict(line, first["key"]).status_code == 401)
    assert predict(line, second["key"]).status_code == 200
    cli(line, "callers", "revoke", second["id"])


def test_a_shopify_secret_is_rotated_without_a_refused_call(line):
    write_secret(line, "shopify-1.secret", FIRST)
    write_secret(line, "shopify-2.secret", SECOND)
    assert set_app(line, "shopify-1.secret")["domain"] == DOMAIN
    line.until(lambda: proxy(line, FIRST).status_code == 200)
    answer = checkout(line, FIRST)
    assert answer.status_code == 200, answer.text
    assert answer.json()["personalised"] is False
    assert proxy(line, SECOND).status_code == 401
    set_app(line, "shopify-2.secret", "shopify-1.secret")
    line.until(lambda: proxy(line, SECOND).status_code == 200)
    assert proxy(line, FIRST).status_code == 200
    set_app(line, "shopify-2.secret")
    line.until(lambda: proxy(line, FIRST).status_code == 401)
    assert checkout(line, FIRST).status_code == 401
    assert checkout(line, SECOND).status_code == 200
    listed = cli(line, "shopify", "list")
    assert [app["secrets"] for app in listed] == [["file:shopify-2.secret"]]
    cli(line, "shopify", "remove", CLIENT)
    line.until(lambda: proxy(line, SECOND).status_code == 503)


def test_no_secret_is_written_down_anywhere(line):
    secrets = (FIRST.encode(), SECOND.encode())
    holding = {
        path.relative_to(line.home).as_posix()
        for path in line.home.rglob("*")
        if path.is_file() and any(secret in path.read_bytes() for secret in secrets)
    }
    assert holding <= {"keys/shopify-1.secret", "keys/shopify-2.secret"}


def test_a_publishable_key_serves_its_page_until_the_model_is_closed(line):
    arguments = ["--model", MODEL, "--origin", ORIGIN, "--rate", "50"]
    made = cli(line, "callers", "create", "theme", *arguments)
    assert (made["scopes"], made["shop"]) == (["browser"], SHOP)
    consent = {"x-signalbox-consent": "15"}
    ask = lambda **headers: predict(line, made["key"], **consent, **headers)  # noqa: E731
    line.until(lambda: ask(origin=ORIGIN).status_code == 200)
    assert ask(origin=ORIGIN).headers["access-control-allow-origin"] == ORIGIN
    assert ask(origin="https://evil.example").status_code == 403
    path = f"/api/v1/models/{MODEL}/visibility"
    line.call("compliance", "PUT", path, {"visibility": "server", "reason": "as tested"})
    line.until(lambda: ask(origin=ORIGIN).status_code == 403)
    line.call("compliance", "PUT", path, {"visibility": "public", "reason": "as tested"})
    line.until(lambda: ask(origin=ORIGIN).status_code == 200)
    cli(line, "callers", "revoke", made["id"])
