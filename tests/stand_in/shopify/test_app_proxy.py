"""What an app sees of a storefront's call."""

from urllib.parse import parse_qsl

from tests.stand_in.shopify.app_proxy import Call, Proxy, Visit, forward, signature
from tests.stand_in.shopify.webhook_post import session
from tests.stand_in.shopify.webhook_receiver import Receiver

SHOP = "demo.myshopify.com"


async def test_a_call_arrives_signed_and_neither_side_sees_the_other_s_cookies():
    headers = {"Cookie": "secret=1", "X-Theme": "dawn", "Content-Type": "application/json"}
    call = Call("POST", "/x", "extra=1&extra=2&empty=", headers, b'{"a": 1}')
    async with Receiver.listening() as app, session() as connections:
        proxy = Proxy(f"{app.uri}/proxy")
        visit = Visit(SHOP, proxy.path, 1317327555)
        answer = await forward(connections, proxy, call, visit, "hush")
        ((seen, body),) = app.arrived
        (address,) = app.addresses
    assert body == b'{"a": 1}'
    assert "Cookie" not in seen
    assert seen["X-Theme"] == "dawn"
    path, _, query = address.partition("?")
    assert path == "/webhooks/proxy/x"
    pairs = parse_qsl(query, keep_blank_values=True)
    assert pairs[:-1] == [
        ("extra", "1"),
        ("extra", "2"),
        ("empty", ""),
        ("shop", SHOP),
        ("logged_in_customer_id", ""),
        ("path_prefix", "/apps/ml"),
        ("timestamp", "1317327555"),
    ]
    assert pairs[-1] == ("signature", signature(pairs[:-1], "hush"))
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-App"] == "here"
