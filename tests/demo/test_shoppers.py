import json

import pytest

from demo.errors import DemoError
from demo.shoppers import SHOPPERS, Shoppers, browser_id

INSTANCES = {"fraud": [b'{"amount":1.5,"items":2}', b'{"amount":9,"items":1}']}


def test_every_visit_is_a_request_body_with_its_key():
    visit = Shoppers(INSTANCES, "demo-shop").next("fraud")
    body = json.loads(visit.body)
    assert body["targeting_key"] == visit.key
    assert body["instances"][0] in [json.loads(row) for row in INSTANCES["fraud"]]


def test_shoppers_come_back_but_keys_keep_coming():
    shoppers = Shoppers(INSTANCES, "demo-shop")
    keys = [shoppers.next("fraud").key for _ in range(3000)]
    distinct = len(set(keys))
    assert 2000 < distinct < 3000
    assert distinct <= SHOPPERS


def test_a_browser_asks_the_same_question_again():
    shoppers, seen = Shoppers(INSTANCES, "demo-shop"), {}
    for _ in range(1000):
        visit = shoppers.next("fraud")
        assert seen.setdefault(visit.key, visit.body) == visit.body


def test_browser_ids_are_of_their_shop():
    assert browser_id("a", 1) == browser_id("a", 1) != browser_id("b", 1)


def test_nothing_to_ask_is_an_error():
    with pytest.raises(DemoError, match="pricing"):
        Shoppers({"pricing": []}, "demo-shop")
