"""A whole night over a connected shop: sync, consents, features, training, gates, draft release.

Shoppers have left their words in every text field the shop keeps of them. They are looked for in
all that lies below the home afterwards, and found nowhere.
"""

import json
from types import SimpleNamespace

import pytest

from bentos.shopify_admin.connection import Connection, ConnectionStore
from tests.planted_data import PlantedData
from tests.stand_in.shopify.process import StandIn
from tests.stand_in.shopify.records import Kind
from tests.training.nightly.installation import steps, with_plane

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(900)]
MARK = "Canary9c2e"
PLANTED = 40
ADDRESS = ("firstName", "lastName", "name", "address1", "address2", "city", "zip", "company")
MODELS = ("fraud", "recommendations", "pricing")


class Planting:
    """Texts of its own for every field, remembered."""

    def __init__(self):
        self.texts = set()

    def __call__(self, field):
        text = f"{MARK}{field}x"
        self.texts.add(text)
        return text

    def address(self, whose):
        return {name: self(f"{whose}{name}") for name in ADDRESS} | {
            "phone": self(f"{whose}phone"),
            "provinceCode": self(f"{whose}province"),
            "countryCodeV2": "GB",
        }

    def order(self, body):
        lines = [
            line | {"customAttributes": [{"key": self("propertykey"), "value": self("property")}]}
            for line in body["lineItems"]
        ]
        (payment,) = body["transactions"]
        details = payment["paymentDetails"] | {"name": self("cardholder")}
        return {
            "name": self("ordername"),
            "email": f"{self('orderemail')}@example.com",
            "phone": self("orderphone"),
            "note": self("ordernote"),
            "tags": [self("ordertag")],
            "customAttributes": [{"key": self("attributekey"), "value": self("attribute")}],
            "discountCodes": [self("discountcode")],
            "sourceName": self("source"),
            "clientIp": self("clientip"),
            "statusPageUrl": f"https://demo.myshopify.com/{self('statuspage')}",
            "billingAddress": self.address("billing"),
            "shippingAddress": self.address("shipping"),
            "lineItems": lines,
            "transactions": [payment | {"paymentDetails": details}],
        }

    def customer(self):
        return {
            "firstName": self("first"),
            "lastName": self("last"),
            "displayName": self("displayed"),
            "email": f"{self('email')}@example.com",
            "phone": self("phone"),
            "note": self("note"),
            "tags": [self("tag")],
            "locale": self("locale"),
            "defaultAddress": self.address("home"),
        }


@pytest.fixture(scope="module")
def stand_in():
    with StandIn(orders="generated:9000", now=None) as running:
        yield running


@pytest.fixture(scope="module")
def planting(stand_in):
    made = Planting()
    for order in stand_in.control("GET", f"shop/Order?limit={PLANTED}"):
        stand_in.alter(Kind.ORDER, order["number"], made.order(order["body"]))
    for customer in stand_in.control("GET", f"shop/Customer?limit={PLANTED}"):
        stand_in.alter(Kind.CUSTOMER, customer["number"], made.customer())
    for refund in stand_in.control("GET", f"shop/Refund?limit={PLANTED}"):
        stand_in.alter(Kind.REFUND, refund["number"], {"note": made("refundnote")})
    return made


@pytest.fixture(scope="module")
def night(tmp_path_factory, stand_in, planting):
    home = tmp_path_factory.mktemp("night") / "home"
    one = with_plane(home, None, MODELS)
    try:
        wanted = Connection(
            shop=stand_in.shop, grant="static", site=stand_in.url, access_token=stand_in.token
        )
        ConnectionStore(home / "keys").write(wanted)
        record = one.night(now=stand_in.clock.now().isoformat())
        first = stand_in.control("GET", f"shop/Customer?limit={PLANTED}")
        with one.plane.person("compliance") as asking:
            yield SimpleNamespace(
                home=home,
                record=record,
                compliance=asking,
                title=stand_in.control("GET", "shop/Product?limit=1")[0]["body"]["title"],
                last_planted=first[-1]["number"],
            )
    finally:
        one.plane.close()


@pytest.fixture(scope="module")
def search(planting):
    return PlantedData(planting.texts)


def test_every_step_is_done_and_what_passed_its_gates_is_one_draft(night):
    done = steps(night.record)
    assert {step["outcome"] for step in done.values()} == {"done"}
    assert list(done)[:3] == ["redact", "sync", "consent"]
    assert {"online", "views", *(f"card {model}" for model in MODELS)} <= set(done)
    assert "merchant's consent" in done["consent"]["output"]["basis"]
    drafts = [done[f"draft {model}"]["output"] for model in MODELS]
    made = {each["release"] for each in drafts if each["action"] == "created"}
    assert all("is rejected" in each["why"] for each in drafts if each["action"] != "created")
    assert done["draft fraud"]["output"]["release"] in made
    releases = night.compliance.get("/api/v1/releases").json()
    assert {each["id"] for each in releases} == made
    assert {(each["state"], each["author"]) for each in releases} == {("draft", "trainer")}


def test_every_text_is_there_to_be_found(stand_in, search, tmp_path):
    """The positive control: the same search, over what the shop itself keeps."""
    for kind in ("Order", "Customer", "Refund"):
        kept = stand_in.control("GET", f"shop/{kind}?limit={PLANTED}")
        (tmp_path / f"{kind}.json").write_text(json.dumps(kept))
    assert search.texts_below(tmp_path) == set(search.texts)


def test_no_text_of_a_shopper_is_found_below_the_home(night, search):
    assert search.found_below(night.home) == []
    # The home was looked into: the merchant's own words are found by the same search.
    assert PlantedData([night.title]).texts_below(night.home) == {night.title}


def test_no_customer_of_the_shop_is_found_below_the_home(night, stand_in):
    """Nothing was planted here: what the shop knows of everybody else."""
    people = stand_in.control("GET", f"shop/Customer?limit=1000&after={night.last_planted}")
    texts = {text for each in people for text in _of(each)}
    assert len(texts) > 1000
    assert PlantedData(texts).found_below(night.home) == []


def _of(customer):
    body = customer["body"]
    return (customer["id"], body["email"], body["displayName"], body["defaultAddress"]["address1"])
