import json
import multiprocessing
import time
from urllib.parse import parse_qs

import pytest

from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.connection import Connection, ConnectionStore
from bentos.shopify_admin.errors import ShopClosed, Unauthorized, Unavailable
from bentos.shopify_admin.tokens import FixedToken, StoredTokens
from bentos.shopify_admin.transport import Transport
from tests.bentos.shopify_admin.canned import Canned, serving

SHOP = "demo.myshopify.com"


class Endpoint:
    """A shop's token endpoint: rotates, and refuses a refresh token that was spent."""

    def __init__(self) -> None:
        self.given = 0
        self.refresh_token = "shprt_0"

    def __call__(self, heard):
        fields = {name: values[0] for name, values in parse_qs(heard.body.decode()).items()}
        assert heard.path == "/admin/oauth/access_token"
        assert (fields["client_id"], fields["client_secret"]) == ("abc", "shpss_1")
        if fields["grant_type"] == "refresh_token":
            # Long enough for another to come with the same one.
            time.sleep(0.3)
            if fields["refresh_token"] != self.refresh_token:
                return Canned(b'{"error":"invalid_grant"}', status=400)
            self.given += 1
            self.refresh_token = f"shprt_{self.given}"
            return self._gives(3600, self.refresh_token)
        assert fields["grant_type"] == "client_credentials"
        self.given += 1
        return self._gives(86399, None)

    def _gives(self, seconds, refresh):
        said = {
            "access_token": f"shpat_{self.given}",
            "scope": "read_orders,write_orders",
            "expires_in": seconds,
        }
        if refresh:
            said |= {"refresh_token": refresh, "refresh_token_expires_in": 7776000}
        return Canned(json.dumps(said).encode())


def connection(grant, **more):
    known = {"client_id": "abc", "client_secret": "shpss_1"} | more
    if grant == "offline":
        known["refresh_token"] = "shprt_0"
    return Connection(shop=SHOP, grant=grant, **known)


@pytest.fixture(scope="module")
def transport():
    made = Transport()
    yield made
    made.close()


@pytest.fixture
def tokens_of(tmp_path, steps, transport):
    def make(server, kept):
        ConnectionStore(tmp_path).write(kept)
        store = ConnectionStore(tmp_path)
        return StoredTokens(store, SHOP, clock=steps, transport=transport, site=server.url)

    return make


@pytest.mark.parametrize(("grant", "life"), [("client_credentials", 86399), ("offline", 3600)])
def test_a_token_is_fetched_once_and_again_before_it_ends(tokens_of, steps, grant, life):
    with serving(Endpoint()) as server:
        tokens = tokens_of(server, connection(grant))
        assert [tokens.token(), tokens.token()] == ["shpat_1", "shpat_1"]
        steps.sleep(life - 121)
        assert tokens.token() == "shpat_1"
        steps.sleep(2)
        assert tokens.token() == "shpat_2"
        steps.sleep(life * 5)
        assert tokens.token() == "shpat_3"


def test_a_refused_token_is_replaced_unless_somebody_has_done_so(tokens_of):
    with serving(Endpoint()) as server:
        tokens = tokens_of(server, connection("offline"))
        first = tokens.token()
        second = tokens.renewed(first)
        assert (first, second) == ("shpat_1", "shpat_2")
        assert tokens.renewed(first) == second, "another one's is taken"
        assert len(server.heard) == 2


def _fetch(home, url, origin, together, out):
    clock = AcceleratedClock.of(origin)
    transport = Transport()
    tokens = StoredTokens(ConnectionStore(home), SHOP, clock=clock, transport=transport, site=url)
    together.wait(60)
    out.put([tokens.token(), tokens.renewed("shpat_1"), tokens.token()])


def test_processes_do_not_spend_a_refresh_token_twice(tmp_path, clock):
    ConnectionStore(tmp_path).write(connection("offline"))
    context = multiprocessing.get_context("spawn")
    out, together = context.Queue(), context.Barrier(3)
    # An hour of its tokens must outlast the slow start of processes.
    slow = AcceleratedClock.starting(1.0, clock.now()).to_json()
    with serving(Endpoint()) as server:
        workers = [
            context.Process(target=_fetch, args=(tmp_path, server.url, slow, together, out))
            for _ in range(3)
        ]
        for worker in workers:
            worker.start()
        said = [out.get(timeout=60) for _ in workers]
        for worker in workers:
            worker.join()
        assert len(server.heard) == 2
    assert all(each[1:] == ["shpat_2", "shpat_2"] for each in said)
    assert ConnectionStore(tmp_path).read(SHOP).refresh_token == "shprt_2"


def test_a_refresh_whose_answer_was_lost_is_sent_again(tokens_of, steps):
    with serving(Canned(silent=True), Canned(status=503), Endpoint()) as server:
        assert tokens_of(server, connection("offline")).token() == "shpat_1"
    assert steps.passed >= 2


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Canned(b'{"error":"invalid_client"}', status=401), Unauthorized, "401 invalid_client"),
        (Canned(b'{"error":"shpss_1 is wrong"}', status=400), Unauthorized, r"\(HTTP 400\)"),
        (Canned(b"<html>", status=403), Unauthorized, "organization"),
        (Canned(b"", status=402), ShopClosed, "402"),
        (Canned(b"{}"), Unavailable, "something else"),
        (Canned(b"", status=503), Unavailable, "HTTP 503"),
    ],
)
def test_what_the_endpoint_refuses_is_said_without_the_secret(tokens_of, answer, error, says):
    with serving(answer) as server, pytest.raises(error, match=says) as raised:
        tokens_of(server, connection("client_credentials")).token()
    assert "shpss_1" not in str(raised.value)


def test_a_refresh_token_that_has_ended_takes_the_merchant(tokens_of, steps):
    kept = connection("offline", refresh_expires_at=steps.now())
    with serving(Endpoint()) as server:
        with pytest.raises(Unauthorized, match="shop connect"):
            tokens_of(server, kept).token()
        assert server.heard == []


def test_an_old_token_stays_and_has_no_other(tokens_of, steps):
    kept = connection("static", access_token="shpat_old")
    with serving(Endpoint()) as server:
        tokens = tokens_of(server, kept)
        steps.sleep(10**8)
        assert tokens.token() == "shpat_old"
        with pytest.raises(Unauthorized, match="no other"):
            tokens.renewed("shpat_old")
        assert server.heard == []


def test_no_token_is_shown():
    assert "shpat" not in repr(FixedToken("shpat_1"))
