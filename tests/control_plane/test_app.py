"""Whatever is thrown at the control plane's HTTP surface: no 5xx, and every refusal says why.

schemathesis makes the requests from the served OpenAPI document, in the name of persons who may
do everything between them.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from control_plane.principal import Role

# More of them when somebody has the time: FUZZ_EXAMPLES=500 python -m pytest …
EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "2")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Streams have no end; they are read by their own tests.
# Pages that a browser is sent to, and GrowthBook's own shape of an error.
OTHER_SHAPES = ("/api/v1/session/oidc", "/api/features", "/ofrep")
ENDLESS = {"/gateway/v1/documents", "/sub/{sdk_key}", "/ofrep/v1/stream"}
MANY = settings(EXAMPLES, max_examples=100)


@pytest.fixture(scope="module")
def fuzzed(make_plane, tmp_path_factory):
    """A plane of its own: what is made here is nobody else's business."""
    plane = make_plane(tmp_path_factory.mktemp("fuzzed") / "home")
    try:
        plane.start()
        yield plane
        assert plane.client(None).get("/health/ready").status_code == 200
    finally:
        plane.close()


@pytest.fixture(scope="module")
def api(fuzzed):
    return schemathesis.openapi.from_url(f"{fuzzed.url}/openapi.json")


@pytest.fixture(scope="module")
def everybody(fuzzed):
    """A key of somebody who has every role a person may have."""
    client = fuzzed.person(*(role.value for role in Role if role is not Role.SERVICE))
    return {"Authorization": client.headers["authorization"]}


def says_why(_context, response, case):
    """A refusal is a problem: what it is, and in words what to do about it."""
    if response.status_code < 400 or case.path.startswith(OTHER_SHAPES):
        return
    assert response.headers["content-type"][0].startswith("application/problem+json"), case.path
    told = response.json()
    assert told["status"] == response.status_code
    assert told["title"]
    assert told["detail"]


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    response_schema_conformance,
    says_why,
]


def throw(api, everybody, mode, examples):
    operations = [result.ok() for result in api.get_all_operations()]
    assert len(operations) >= 80
    thrown = 0
    for operation in operations:
        if operation.path in ENDLESS:
            continue
        if mode is GenerationMode.NEGATIVE and not takes_anything(operation.definition.raw):
            continue

        @examples
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_its_word(case):
            case.call_and_validate(headers=everybody, checks=CHECKS)

        try:
            keeps_its_word()
            thrown += 1
        except Unsatisfiable:
            # A path's free text is never wrong.
            assert mode is GenerationMode.NEGATIVE, operation.path
    assert thrown > len(operations) // 2


def takes_anything(definition):
    """Without a parameter or a body there is nothing a caller could get wrong."""
    return "parameters" in definition or "requestBody" in definition


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_documented_surface_keeps_its_word(api, everybody, mode):
    throw(api, everybody, mode, EXAMPLES)


# Twenty thousand requests take more than the five minutes that any other test may.
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_documented_surface_keeps_its_word_a_hundred_times_over(api, everybody, mode):
    throw(api, everybody, mode, MANY)
