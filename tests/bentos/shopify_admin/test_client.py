import json
import threading
import time

import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin import document
from bentos.shopify_admin.client import AdminClient, graphql_url
from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.errors import (
    AccessDenied,
    Refused,
    ShopClosed,
    TooExpensive,
    Unauthorized,
    Unavailable,
)
from bentos.shopify_admin.shared_bucket import SharedBucket
from bentos.shopify_admin.tokens import FixedToken
from bentos.shopify_admin.transport import Limits, Transport
from tests.bentos.shopify_admin.canned import Canned, said, serving

SHOP = "demo.myshopify.com"
TOKEN = "shpat_0123456789abcdef"
GOOD = said({"shop": {"name": "Demo"}})
THROTTLED = said(
    errors=[{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    requested=752,
    actual=None,
    available=666,
)
MUTATION = document.parse("do", "# cost: 10\nmutation Do { do { id userErrors { code } } }")
AGAIN = document.parse("do", "# repeatable: so\n# cost: 10\nmutation Do { do { id } }")


class Replaced(FixedToken):
    """As if another process had fetched the next token."""

    def renewed(self, refused):
        assert refused == self.token()
        self._token = "another"
        return self._token


@pytest.fixture
def connect(tmp_path, steps):
    opened = []

    def make(server, tokens=None, **options):
        client = AdminClient(
            SHOP,
            tokens or FixedToken(TOKEN),
            site=server.url,
            clock=steps,
            bucket=SharedBucket(tmp_path, SHOP, clock=steps),
            **options,
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def test_a_document_goes_out_whole_and_its_data_comes_back(connect):
    with serving(GOOD) as server:
        client = connect(server)
        assert client.execute("shop_info") == {"shop": {"name": "Demo"}}
        client.execute("shop_info")
    [heard, _] = server.heard
    assert heard.path == "/admin/api/2026-10/graphql.json"
    assert heard.headers["X-Shopify-Access-Token"] == TOKEN
    loaded = document.load("shop_info")
    assert heard.json == {"query": loaded.text, "variables": {}, "operationName": "ShopInfo"}
    assert server.connections == 1, "the connection is kept"


def test_throttled_at_200_waits_for_what_is_missing_and_no_longer(connect, steps):
    with serving(THROTTLED, GOOD) as server:
        connect(server).execute("shop_info")
    # It learnt that the query costs 752, and that 666 points were there.
    assert steps.passed == pytest.approx((752 - 666) / 100)
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    ("answer", "least_s"),
    [
        (Canned(status=429, headers={"Retry-After": "7.5"}), 7.5),
        (Canned(status=429), 1),
        (Canned(status=430), 30),
        (Canned(status=423), 60),
        (Canned(b"<html>", status=502), 0.5),
        (Canned(status=503), 0.5),
        (Canned(status=504), 0.5),
        (Canned(silent=True), 0.5),
        (Canned(b'{"data"', headers={"Content-Length": "99"}, cut=5), 0.5),
        (Canned(b"<html>not today</html>"), 0.5),
        (Canned(b"[]"), 0.5),
        (said(errors=[{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]), 0.5),
    ],
)
def test_what_passes_is_waited_out(connect, steps, answer, least_s):
    with serving(answer, GOOD) as server:
        assert connect(server).execute("shop_info") == {"shop": {"name": "Demo"}}
    assert least_s <= steps.passed <= least_s + 1
    assert len(server.heard) == 2


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Canned(status=402), ShopClosed, "bill"),
        (Canned(status=404), ShopClosed, "API version"),
        (Canned(b'{"errors":"Forbidden"}', status=403), AccessDenied, "Forbidden"),
        (
            Canned(b'{"errors":"[API] Non-expiring access tokens are no longer accepted"}', 403),
            Unauthorized,
            "token that expires",
        ),
        (Canned(b'{"errors":"[API] Invalid API key"}', status=401), Unauthorized, "connect"),
        (Canned(status=301, headers={"Location": "https://evil.example"}), Refused, "301"),
        (
            said(
                errors=[
                    {
                        "message": "Access denied for orders field.",
                        "extensions": {
                            "code": "ACCESS_DENIED",
                            "requiredAccess": "`read_orders` access scope.",
                        },
                    }
                ]
            ),
            AccessDenied,
            "Access denied for orders",
        ),
        (
            said({"c": None}, errors=[{"message": "This app is not approved to access the C"}]),
            AccessDenied,
            "approved",
        ),
        (
            said(
                errors=[
                    {
                        "message": "Query cost is 2003, which exceeds",
                        "extensions": {"code": "MAX_COST_EXCEEDED", "cost": 2003},
                    }
                ],
                actual=None,
            ),
            TooExpensive,
            "smaller pages",
        ),
        (
            said(errors=[{"message": "no", "extensions": {"code": "undefinedField"}}]),
            Refused,
            "no",
        ),
        (
            said({}, search=[{"path": [], "warnings": [{"field": "updatedat", "message": "bad"}]}]),
            Refused,
            "updatedat: bad",
        ),
    ],
)
def test_what_does_not_pass_is_said_at_once(connect, answer, error, says):
    with serving(answer) as server:
        with pytest.raises(error, match=says) as raised:
            connect(server).execute("shop_info")
        assert len(server.heard) == 1
    assert TOKEN not in str(raised.value)


def test_errors_carry_their_codes_and_what_came_along(connect):
    answer = said({"a": 1}, errors=[{"message": "no", "extensions": {"code": "BAD_REQUEST"}}])
    with serving(answer) as server, pytest.raises(Refused) as raised:
        connect(server).execute("shop_info")
    assert raised.value.codes == ("BAD_REQUEST",)
    assert raised.value.data == {"a": 1}


def test_a_mutation_s_user_errors_are_errors(connect):
    complaint = {"field": ["query"], "message": "busy", "code": "OPERATION_IN_PROGRESS"}
    answer = said({"do": {"id": None, "userErrors": [complaint]}})
    with serving(answer) as server, pytest.raises(Refused, match="busy") as raised:
        connect(server).run(MUTATION, {})
    assert raised.value.codes == ("OPERATION_IN_PROGRESS",)


def test_a_refused_token_is_replaced_once(connect):
    refused = Canned(b'{"errors":"[API] Invalid API key"}', status=401)
    with serving(refused, GOOD) as server:
        connect(server, Replaced(TOKEN)).execute("shop_info")
        assert [each.headers["X-Shopify-Access-Token"] for each in server.heard] == [
            TOKEN,
            "another",
        ]
    with serving(refused) as server:
        with pytest.raises(Unauthorized):
            connect(server, Replaced(TOKEN)).execute("shop_info")
        assert len(server.heard) == 2


@pytest.mark.parametrize("answer", [Canned(status=503), Canned(silent=True), Canned(status=504)])
def test_a_mutation_that_may_have_been_done_is_not_sent_again(connect, answer):
    with serving(answer, GOOD) as server:
        with pytest.raises(Unavailable, match="Look whether") as raised:
            connect(server).run(MUTATION, {})
        assert len(server.heard) == 1
    assert raised.value.maybe_done


def test_a_mutation_that_says_it_may_be_repeated_is(connect):
    with serving(Canned(status=503), said({"do": {"id": 1}})) as server:
        assert connect(server).run(AGAIN, {}) == {"do": {"id": 1}}
    assert len(server.heard) == 2


def test_a_mutation_that_was_surely_not_done_is_sent_again(connect):
    with serving(Canned(status=429), THROTTLED, said({"do": {"id": 1}})) as server:
        assert connect(server).run(MUTATION, {}) == {"do": {"id": 1}}
    assert len(server.heard) == 3


def test_a_shop_that_wants_to_be_left_alone_is_left_alone_by_the_whole_home(connect, steps):
    with serving(Canned(status=429, headers={"Retry-After": "20"}), GOOD) as server:
        with pytest.raises(Unavailable, match="429"):
            connect(server, patience_s=5).execute("shop_info")
        connect(server).execute("shop_info")
    assert steps.passed >= 20


def test_patience_has_an_end(connect, steps):
    complaint = "HTTP 503, after 120 s"
    with serving(Canned(status=503)) as server, pytest.raises(Unavailable, match=complaint):
        connect(server, patience_s=120).execute("shop_info")
    assert 60 <= steps.passed <= 120
    assert 4 <= len(server.heard) <= 12


def test_an_answer_that_is_missing_costs_patience_in_real_seconds(tmp_path):
    """A machine that stands still for a moment must not use up a fast clock's patience."""
    clock = AcceleratedClock.starting(20_000.0)
    transport = Transport(Limits(read_s=0.1))
    held = Canned(GOOD.body, drip=0.3)
    with (
        serving(held, GOOD) as server,
        AdminClient(
            SHOP,
            FixedToken(TOKEN),
            site=server.url,
            clock=clock,
            bucket=SharedBucket(tmp_path, SHOP, clock=clock),
            patience_s=900,
            transport=transport,
        ) as client,
    ):
        began = clock.monotonic()
        assert client.execute("shop_info")["shop"]["name"] == "Demo"
        assert clock.monotonic() - began > 900
        assert len(server.heard) >= 2


def test_a_locked_shop_is_called_locked_when_patience_ends_before(connect):
    with serving(Canned(status=423)) as server, pytest.raises(ShopClosed, match="locked"):
        connect(server, patience_s=30).execute("shop_info")


def test_a_query_that_would_cost_too_much_is_not_even_sent(connect):
    dear = document.parse("dear", "# cost: 2 + 91 s(first)\nquery Dear { a }")
    with serving(said({"a": 1}, requested=911)) as server:
        client = connect(server)
        with pytest.raises(TooExpensive, match="1003 points"):
            client.run(dear, {"first": 250})
        assert server.heard == []
        client.run(dear, {"first": 100})


def test_a_body_that_drips_is_not_waited_for(connect):
    drip = Canned(b'{"data": {}}' * 1000, drip=0.02)
    transport = Transport(Limits(total_s=0.3))
    with serving(drip, GOOD) as server:
        began = time.monotonic()
        assert connect(server, transport=transport).execute("shop_info")
        # To its end it would take four minutes.
        assert time.monotonic() - began < 60


def test_an_answer_without_end_is_not_read_to_it(connect):
    huge = Canned(b"x" * 3_000_000)
    transport = Transport(Limits(reply_bytes=1_000_000))
    with serving(huge) as server, pytest.raises(Unavailable, match="1000000 bytes"):
        connect(server, transport=transport, patience_s=5).execute("shop_info")


def test_no_server_is_no_whole_answer(connect):
    with serving(GOOD) as server:
        pass
    with pytest.raises(Unavailable, match="no connection"):
        connect(server, patience_s=20).run(MUTATION, {})


def test_threads_share_a_client(connect):
    def echo(heard):
        return said({"first": heard.json["variables"]["first"]})

    pages = document.parse("pages", "# cost: 2\nquery Pages($first: Int!) { a }")
    with serving(echo) as server:
        client = connect(server)
        results: dict[int, dict] = {}

        def ask(number):
            results[number] = client.run(pages, {"first": number})

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == {number: {"first": number} for number in range(24)}


def test_another_version_than_ours_is_noticed(connect, caplog):
    body = json.loads(GOOD.body)
    newer = Canned(json.dumps(body).encode(), headers={"X-Shopify-API-Version": "2027-01"})
    with serving(newer) as server:
        client = connect(server)
        client.execute("shop_info")
        client.execute("shop_info")
    assert client.answered_version == "2027-01"
    assert caplog.text.count("2027-01") == 1


def test_nothing_secret_is_logged(connect, caplog):
    caplog.set_level(0)
    with serving(Canned(status=503), GOOD) as server:
        client = connect(server)
        client.execute("shop_info")
        list(client.download(f"{server.url}/result?X-Goog-Signature=sesame"))
    assert TOKEN not in caplog.text
    assert "sesame" not in caplog.text
    assert "/result" in caplog.text, "it is the query alone that is left out"


@pytest.mark.parametrize("version", ["2026-11", "2026_10", "latest", "2099-13"])
def test_only_versions_that_can_exist_have_an_address(version):
    with pytest.raises(ContractError, match="version"):
        graphql_url("https://demo.myshopify.com", version)


@pytest.mark.parametrize("site", ["http://shop.example", "ftp://127.0.0.1", "https://a/b", "x"])
def test_a_token_is_not_sent_in_clear(site, tmp_path, clock):
    with pytest.raises(ContractError, match="site"):
        AdminClient(
            SHOP,
            FixedToken(TOKEN),
            site=site,
            clock=clock,
            bucket=SharedBucket(tmp_path, SHOP, clock=clock),
        )
