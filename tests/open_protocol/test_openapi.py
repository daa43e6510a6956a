"""The OpenAPI document of a live gateway: its examples work, and a person can read it."""

import re

import pytest

from tests.gateway.installation import STABLE


@pytest.fixture
def document(http):
    return http.get("/openapi.json").json()


def test_every_example_in_the_document_is_answered(http, document):
    tried = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if "example" in body:
                url = path.replace("{version}", STABLE)
                answer = http.request(method, url, json=body["example"])
                assert answer.status_code == 200, (url, answer.text)
                tried += 1
    assert tried == 4


def test_every_documented_get_exists(http, document):
    for path in document["paths"]:
        url = path.replace("{model}", "fraud").replace("{version}", STABLE)
        assert http.get(url).status_code in (200, 405), url


def test_answers_have_the_documented_fields(http, document):
    schema = document["components"]["schemas"]["fraud_predictions"]
    body = {"instances": [{"amount": 1.0}]}
    answer = http.post("/v1/models/fraud:predict", json=body).json()
    assert set(schema["required"]) == set(answer)
    [row] = answer["predictions"]
    assert set(schema["properties"]["predictions"]["items"]["required"]) == set(row)


def test_bounds_and_declared_attributes_are_in_the_document(document):
    schemas = document["components"]["schemas"]
    assert schemas["fraud_row"]["properties"]["amount"] == {
        "type": "number",
        "minimum": 0.0,
        "maximum": 1e6,
    }
    assert schemas["fraud_row"]["required"] == ["amount"]
    attributes = schemas["fraud_predict"]["properties"]["attributes"]
    assert attributes["properties"] == {"country": {"type": "string"}}


def test_the_page_holds_everything_and_fetches_nothing(http):
    answer = http.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "/v1/models/fraud:predict" in answer.text
    assert "number ≥ 0 ≤ 1e+06" in answer.text
    assert "<script" not in answer.text
    assert re.findall(r"(?:src|href)=[\"']?([^\"'>]+)", answer.text) == ["openapi.json"]
