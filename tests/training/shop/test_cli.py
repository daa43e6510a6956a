import json
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin import authorization
from bentos.shopify_admin.errors import ShopClosed, Unauthorized
from tests.bentos.shopify_admin.canned import Canned, said, serving
from training.shop.cli import app

SHOP = "demo.myshopify.com"
GRANTED = Canned(b'{"access_token":"shpat_1","scope":"read_orders","expires_in":86399}')


def shop_info(*scopes):
    installation = {"accessScopes": [{"handle": scope} for scope in scopes]}
    return said({"shop": {"name": "Demo"}, "currentAppInstallation": installation})


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path / "home"))
    (tmp_path / "secret").write_text("shpss_1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def main(arguments):
    app(arguments, standalone_mode=False)


def connect(server, *more):
    credentials = ("--client-id", "abc", "--secret-file", "secret")
    site = ("--site", server.url)
    main(["connect", "--domain", SHOP, *site, *(more or credentials)])


def test_a_shop_is_connected_listed_and_forgotten(home, capsys):
    with serving(GRANTED, shop_info("read_orders", "write_orders")) as server:
        connect(server)
        [grant, asked] = server.heard
    assert b"client_credentials" in grant.body
    assert asked.headers["X-Shopify-Access-Token"] == "shpat_1"
    told = capsys.readouterr()
    assert json.loads(told.out)["scopes"] == ["read_orders", "write_orders"]
    assert "60 days" in told.err
    assert "read_products" in told.err
    main(["list"])
    listed = capsys.readouterr().out
    assert [each["shop"] for each in json.loads(listed)] == [SHOP]
    assert not any(secret in told.out + told.err + listed for secret in ("shpss_1", "shpat_1"))
    main(["reseal"])
    main(["disconnect", "--domain", SHOP])
    capsys.readouterr()
    main(["list"])
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("answers", "error", "says"),
    [
        ([Canned(b'{"error":"invalid_client"}', status=401)], Unauthorized, "invalid_client"),
        ([GRANTED, Canned(status=402)], ShopClosed, "bill"),
    ],
)
def test_what_does_not_work_is_not_kept(home, answers, error, says):
    with serving(*answers) as server, pytest.raises(error, match=says):
        connect(server)
    assert not list(home.rglob("*.sealed"))


def test_an_old_token_and_a_refresh_token_connect_too(home, tmp_path, capsys):
    (tmp_path / "token").write_text("shpat_old")
    with serving(shop_info()) as server:
        connect(server, "--token-file", "token")
        assert server.heard[0].headers["X-Shopify-Access-Token"] == "shpat_old"
    (tmp_path / "refresh").write_text("shprt_1")
    more = ("--client-id", "abc", "--secret-file", "secret", "--refresh-token-file", "refresh")
    with serving(GRANTED, shop_info()) as server:
        connect(server, *more)
        assert b"refresh_token=shprt_1" in server.heard[0].body
    assert json.loads(capsys.readouterr().out.partition("}\n")[2])["grant"] == "offline"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--domain", "shop.example"), "--domain"),
        (("--domain", SHOP), "--client-id"),
        (("--domain", SHOP, "--client-id", "a b"), "--client-id"),
        (("--domain", SHOP, "--client-id", "abc"), "--secret-file"),
        (("--domain", SHOP, "--client-id", "abc", "--secret-file", "no"), "--secret-file"),
        (("--domain", SHOP, "--token-file", "two"), "--token-file: expected one word"),
        (("--domain", SHOP, "--token-file", "secret", "--site", "http://a.example"), "in clear"),
    ],
)
def test_bad_arguments_are_named(home, tmp_path, arguments, complaint):
    (tmp_path / "two").write_text("two words")
    with pytest.raises(ContractError, match=complaint):
        main(["connect", *arguments])
    assert not home.exists()


def test_a_merchant_lets_a_public_app_in(home, capsys, monkeypatch):
    class Browser:
        """Opens what was printed, and comes back signed as Shopify signs."""

        def readline(self):
            address = capsys.readouterr().err.split()[-1]
            state = parse_qs(urlsplit(address).query)["state"][0]
            fields = {
                "shop": SHOP,
                "code": "c0de",
                "state": state,
                "timestamp": f"{time.time():.0f}",
            }
            fields["hmac"] = authorization.signature(fields, "shpss_1")
            return f"https://app.example/back?{urlencode(fields)}\n"

    monkeypatch.setattr("sys.stdin", Browser())
    expiring = Canned(
        b'{"access_token":"shpat_1","scope":"read_orders","expires_in":3600,'
        b'"refresh_token":"shprt_1","refresh_token_expires_in":7776000}'
    )
    arguments = ["--client-id", "abc", "--secret-file", "secret"]
    arguments += ["--redirect-uri", "https://app.example/back"]
    with serving(expiring, shop_info()) as server:
        arguments += ["--site", server.url]
        main(["authorize", "--domain", SHOP, *arguments])
        heard = [parse_qs(each.body.decode()) for each in server.heard if b"code=" in each.body]
    assert heard == [
        {"client_id": ["abc"], "client_secret": ["shpss_1"], "code": ["c0de"], "expiring": ["1"]}
    ]
