"""The OpenAPI document, walked: whatever an operation lacks is named here, a new one's too."""

import copy
import json

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from control_plane.app import ROUTERS
from control_plane.openapi.document import EXAMPLES, KEY, is_guarded
from control_plane.openapi.errors import MEDIA_TYPE
from control_plane.router import Route
from tests.control_plane.as_described import make_document
from tests.control_plane.openapi.walk import Walk
from tests.control_plane.recorded_examples import Recording

# What has no JSON to show; each line says why.
NO_RESPONSE = {
    "GET /api/v1/webhook-deliveries": "told in docs/webhooks.md",
    "POST /api/v1/webhook-deliveries/{delivery_id}/redeliver": "told in docs/webhooks.md",
    "POST /api/v1/webhooks/{webhook_id}/redeliver": "told in docs/webhooks.md",
    "POST /api/v1/decisions/{decision_id}/rerun": "told in docs/decisions-audit.md",
    "POST /api/v1/register/cosignatures": "told in docs/register.md",
    "GET /api/v1/register/questions/stale-approvals": "told in docs/register.md",
    "GET /api/v1/register/proofs/{seq}": "text",
    "POST /api/v1/register/exports": "a zip",
    "GET /api/v1/decisions/{decision_id}/evidence": "a file of many kilobytes",
    "GET /api/v1/session/oidc": "sends the browser on",
    "GET /api/v1/session/oidc/callback": "sends the browser on",
    "GET /gateway/v1/documents": "a stream",
    "GET /sub/{sdk_key}": "a stream",
    "GET /ofrep/v1/stream": "a stream",
}


DOCUMENT = make_document()
ROUTES = {
    f"{method} {route.path}": route
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Route) and route.include_in_schema
    for method in route.methods
}
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
# Told in docs/decisions-audit.md, docs/register.md and docs/webhooks.md.
NO_REQUEST = {
    "POST /api/v1/webhooks/{webhook_id}/redeliver",
    "POST /api/v1/decisions/{decision_id}/rerun",
    "POST /api/v1/register/cosignatures",
}
BODIES = sorted(
    name for name, each in OPERATIONS.items() if "requestBody" in each and name not in NO_REQUEST
)


def check(schema, value):
    """Raise unless the value is as the document's schema says."""
    whole = schema | {"components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(value)


def json_of(holder):
    return holder.get("content", {}).get("application/json")


def test_it_is_openapi():
    validator = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    assert [each.message for each in validator.iter_errors(DOCUMENT)] == []
    broken = copy.deepcopy(DOCUMENT)
    del broken["info"]["title"]
    assert not validator.is_valid(broken)


def test_every_route_is_in_it_under_a_name_of_its_own():
    assert OPERATIONS.keys() == ROUTES.keys()
    names = [each["operationId"] for each in OPERATIONS.values()]
    assert len(names) == len(set(names)) > 90


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_does(name):
    operation = OPERATIONS[name]
    assert len(operation["summary"]) >= 4
    assert not operation["summary"].endswith(".")
    assert operation["description"].startswith(operation["summary"][:20])
    (tag,) = operation["tags"]
    assert tag in {each["name"] for each in DOCUMENT["tags"]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_who_may_and_how_it_is_refused(name):
    operation, route = OPERATIONS[name], ROUTES[name]
    schemes = DOCUMENT["components"]["securitySchemes"].keys()
    offered = {scheme for each in operation["security"] for scheme in each}
    assert offered <= schemes
    assert (KEY in offered) == (is_guarded(route.dependant) or name == "GET /gateway/v1/documents")
    refusals = {s: a for s, a in operation["responses"].items() if s.startswith(("4", "5"))}
    assert refusals
    for status, answer in refusals.items():
        problem = answer.get("content", {}).get(MEDIA_TYPE)
        if problem is None:
            assert "protocol" in answer["description"]
            continue
        check(problem["schema"], problem["example"])
        assert str(problem["example"]["status"]) == status
    if KEY in offered:
        assert {"400", "401", "403", "422", "503"} <= refusals.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_keys_and_pages_are_told(name):
    operation, route = OPERATIONS[name], ROUTES[name]
    headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
    assert ("Idempotency-Key" in headers) == route.takes_key
    told = [a.get("headers", {}) for s, a in operation["responses"].items() if s < "400"]
    assert all(("Link" in each) == route.is_paged for each in told)
    assert all(("Idempotency-Replayed" in each) == route.takes_key for each in told)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_has_an_example_that_fits(name):
    content = json_of(OPERATIONS[name]["requestBody"])
    check(content["schema"], content["example"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_answer_has_an_example_that_fits(name):
    answers = [each for status, each in OPERATIONS[name]["responses"].items() if status < "400"]
    contents = [content for each in answers if (content := json_of(each)) is not None]
    if name in NO_RESPONSE or not contents:
        assert not any("example" in content for content in contents)
        return
    for content in contents:
        check(content["schema"], content["example"])


# Attributes are whatever somebody declared.
FREE_FORM = {"GET /api/v1/attributes", "PUT /api/v1/attributes"}


def members_of(schema):
    """The members a schema, or a list's entries, are described with."""
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return members_of(schema["items"]) if schema.get("type") == "array" else schema


@pytest.mark.parametrize("name", sorted(each for each in OPERATIONS if " /api/v1/" in each))
def test_an_answer_tells_its_members(name):
    route = ROUTES[name]
    for status, answer in OPERATIONS[name]["responses"].items():
        content = json_of(answer)
        if status >= "400" or content is None or route.response_model is None:
            continue
        schema = members_of(content["schema"])
        if name in FREE_FORM:
            assert schema["additionalProperties"] == {"type": "string"}
            continue
        assert schema["properties"]
        assert schema["additionalProperties"] is False
        assert schema["description"]


@pytest.mark.parametrize("name", ["POST /api/v1/session", "PUT /api/v1/session/password"])
def test_that_wrong_passwords_make_one_wait_is_told(name):
    assert "429" in OPERATIONS[name]["responses"]


def test_no_example_outlives_its_operation_or_shows_a_secret():
    examples = json.loads(EXAMPLES.read_text())
    assert examples.keys() <= OPERATIONS.keys()
    told = EXAMPLES.read_text()
    assert "sbx_" in told
    assert not jsonschema_rs.is_valid(
        {"pattern": "(sbx_[0-9a-f]{12}_|sdk-)[A-Za-z0-9_-]{43}"}, told
    )


def test_it_is_what_is_served(plane):
    assert plane.client(None).get("/openapi.json").json()["paths"] == DOCUMENT["paths"]


def shape(value):
    """What members an answer has, and what of each entry a list's."""
    if isinstance(value, list):
        return [set(value[0])] if value and isinstance(value[0], dict) else []
    return set(value) if isinstance(value, dict) else type(value)


@pytest.mark.acceptance
def test_examples_have_the_members_that_answers_have(plane, shop):
    recording, examples = Recording(), json.loads(EXAMPLES.read_text())
    Walk(plane, shop, recording).all()
    assert len(recording.found) > 70
    told = {
        name: (shape(entry["response"]), shape(examples[name].get("response")))
        for name, entry in recording.found.items()
        # Its members are attributes that somebody declared.
        if "response" in entry and not name.endswith("/attributes")
    }
    assert {name: pair for name, pair in told.items() if pair[0] != pair[1]} == {}
