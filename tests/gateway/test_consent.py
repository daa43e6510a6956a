"""Without consent a call gets everybody's answer, and nothing of the visitor is kept."""

import pytest
from msgspec import structs

from bentos.contract.datatype import Datatype
from bentos.contract.rows import row_type, to_rows
from bentos.contract.signature import EntitySpec, InputSpec, Redaction
from gateway.consent import PersonalInputs
from gateway.feature_lookup import EntityReader
from gateway.query import Query
from tests.gateway.shop import (
    ALL,
    ITEMS,
    ITEMS_CANARY,
    ITEMS_SIGNATURE,
    ORIGIN,
    PREDICT,
    ROW,
    SERVER_KEY,
    bearer,
    decisions,
    direct,
    open_storefront,
    score,
)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-signalbox-consent": None},
        {"x-signalbox-consent": "0"},
        {"x-signalbox-consent": "14"},
        {"x-signalbox-consent": "11"},
        {"x-signalbox-consent": "7"},
        {"x-signalbox-consent": ALL, "sec-gpc": "1"},
    ],
)
async def test_without_consent_the_answer_is_everybody_s(gateway, items, headers):
    shop = await open_storefront(gateway, items, buckets=10_000)
    consent = headers["x-signalbox-consent"]
    rest = {name: value for name, value in headers.items() if name != "x-signalbox-consent"}
    response = await direct(shop, consent=consent, origin=ORIGIN, **rest)
    answer = response.json()
    assert response.status_code == 200, response.text
    assert answer["personalised"] is False
    assert response.headers["x-signalbox-personalised"] == "false"
    # The public input is the caller's, the personal ones are the model's defaults.
    assert score(response, 2)
    # 100 % of all keys go to the canary: nobody was bucketed.
    assert (answer["model_version"], answer["reason"]) == (ITEMS, "STATIC")
    [frame] = decisions(shop)
    assert frame.decision.personalised is False
    assert frame.personal.subject is None
    assert frame.personal.attributes == {}
    assert frame.personal.inputs == {"season": [2.0], "spend": [0.0]}


async def test_with_consent_the_answer_is_the_visitor_s(gateway, items):
    shop = await open_storefront(gateway, items, buckets=10_000)
    for consent in ("13", "15"):
        response = await direct(shop, consent=consent, origin=ORIGIN)
        answer = response.json()
        assert score(response, 39)
        assert (answer["model_version"], answer["reason"]) == (ITEMS_CANARY, "SPLIT")
        assert "personalised" not in answer


async def test_a_server_s_key_is_the_merchant_s_affair_until_it_says_otherwise(shop):
    url, rows = PREDICT, {"instances": [ROW], "attributes": {"country": "DE"}}
    for body, headers, total in (
        (rows, {}, 39),
        ({**rows, "consent": 15}, {}, 39),
        ({**rows, "consent": 1}, {}, 2),
        ({**rows, "consent": 15}, {"x-signalbox-consent": "3"}, 2),
        (rows, {"sec-gpc": "1"}, 2),
        (rows, {"sec-gpc": "0"}, 39),
    ):
        response = await shop.client.post(url, json=body, headers=bearer(SERVER_KEY) | headers)
        assert response.status_code == 200, response.text
        assert score(response, total), (body, headers)


@pytest.mark.parametrize("values", [("1", "0"), ("0", "1")])
async def test_an_objection_holds_whatever_other_line_stands_beside_it(shop, values):
    headers = [*bearer(SERVER_KEY).items(), *(("sec-gpc", each) for each in values)]
    response = await shop.client.post(PREDICT, json={"instances": [ROW]}, headers=headers)
    assert response.status_code == 200, response.text
    assert score(response, 2)


@pytest.mark.parametrize("values", [("0", "15"), ("15", "0")])
async def test_two_consents_are_none(shop, values):
    headers = [*bearer(SERVER_KEY).items(), *(("x-signalbox-consent", each) for each in values)]
    response = await shop.client.post(PREDICT, json={"instances": [ROW]}, headers=headers)
    assert response.status_code == 400
    assert response.json()["field"] == "header X-Signalbox-Consent"
    assert decisions(shop) == []


async def test_consent_travels_in_the_open_protocol_s_parameters(shop):
    body = {
        "parameters": {"targeting_key": "b-1", "consent": 2},
        "inputs": [{"name": "spend", "datatype": "FP32", "shape": [1], "data": [30.0]}],
    }
    url = "/v2/models/items/infer"
    answer = (await shop.client.post(url, json=body, headers=bearer(SERVER_KEY))).json()
    assert answer["parameters"]["personalised"] is False
    [frame] = decisions(shop)
    assert frame.personal.subject is None


async def test_a_model_that_needs_personal_inputs_says_so(shop):
    response = await shop.client.post(
        "/v1/models/fraud:predict",
        json={"instances": [{"amount": 1.0}], "consent": 0},
        headers=bearer(SERVER_KEY),
    )
    assert response.status_code == 400
    assert response.json()["field"] == "consent"
    assert "amount" in response.json()["error"]
    assert decisions(shop) == []


def test_an_entity_s_id_is_taken_away_even_where_it_is_required():
    inputs = (
        InputSpec(name="customer", datatype=Datatype.BYTES),
        InputSpec(name="product", datatype=Datatype.INT64, redaction=Redaction.PUBLIC),
    )
    signature = structs.replace(
        ITEMS_SIGNATURE,
        inputs=inputs,
        entities=(
            EntitySpec(kind="customer", input="customer"),
            EntitySpec(kind="product", input="product"),
        ),
    )
    rows = to_rows([{"customer": "c-1", "product": 7}], row_type(signature))
    query = Query(rows, "b-1", {"country": "DE"})
    PersonalInputs(signature).strip(query)
    assert dict(EntityReader(signature).ids(query.rows)) == {"customer": [None], "product": ["7"]}
    assert (query.targeting_key, query.attributes, query.personalised) == (None, {}, False)


@pytest.mark.parametrize("consent", ["16", "-1", "analytics", ""])
async def test_consent_that_is_none_names_its_header(shop, consent):
    response = await direct(shop, consent=consent, origin=ORIGIN)
    assert response.status_code == 400
    assert response.json()["field"] == "header X-Signalbox-Consent"
