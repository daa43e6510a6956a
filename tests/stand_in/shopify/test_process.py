"""The stand-in as a process: clock, shop data, control routes."""

import pytest

from bentos.shopify_secrets import ShopifySecrets
from tests.stand_in.shopify.__main__ import parser
from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind


@pytest.fixture(scope="module")
def shop():
    with StandIn(rate=60) as running:
        yield running


def test_says_where_it_is_and_which_time_it_is(shop):
    assert shop.url.startswith("http://127.0.0.1:")
    said = shop.control("GET", "clock")
    assert said == shop.clock.to_json()
    assert shop.clock.now().isoformat() >= "2026-11-24T03:00:00"


def test_two_stand_ins_of_one_order_set_hold_the_same(shop):
    with StandIn(rate=1) as other:
        for kind in Kind:
            assert other.control("GET", f"shop/{kind}") == shop.control("GET", f"shop/{kind}")


def test_records_are_added_altered_and_deleted_and_time_moves(shop):
    made = shop.add(Kind.CUSTOMER, {"firstName": "Ann", "note": "first"})
    shop.clock.sleep(2)
    altered = shop.alter(Kind.CUSTOMER, made["number"], {"note": "second"})
    assert altered["createdAt"] == made["createdAt"]
    assert altered["updatedAt"] > made["updatedAt"]
    assert altered["body"] == {"firstName": "Ann", "note": "second"}
    assert shop.delete(Kind.CUSTOMER, made["number"])["body"] == altered["body"]
    missing = shop.http.get(f"/_stand_in/shop/Customer/{made['number']}")
    assert missing.status_code == 404


def test_the_secret_it_has_by_itself_is_one_that_ingress_and_gateway_take(tmp_path):
    secret = parser().parse_args([]).client_secret.encode()
    path = tmp_path / "shop.secret"
    path.touch(mode=0o600)
    path.write_bytes(secret)
    secrets = ShopifySecrets(tmp_path)
    secrets.read(["file:shop.secret"])
    assert secrets.of(["file:shop.secret"]) == (secret,)
