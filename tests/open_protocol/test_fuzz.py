"""Whatever is thrown at the HTTP surface: no 5xx, a reason in every refusal, a gateway that lives.

schemathesis makes requests from the served OpenAPI document; below it, valid tensor bodies are
cut, flipped, spliced and mislabelled.
"""

import gzip
import json
import os
import struct
import zlib
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.gateway.gateway_process import HEADERS

INFER = "/v2/models/fraud/infer"
LENGTH = "inference-header-content-length"
# More of them when somebody has the time: FUZZ_EXAMPLES=5000 python -m pytest …
EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="session")
def api(address):
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    unsupported_method,
]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_the_documented_surface_keeps_its_word(api, mode):
    operations = [result.ok() for result in api.get_all_operations()]
    assert len(operations) >= 18
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not takes_anything(operation.definition.raw):
            continue

        @settings(EXAMPLES, max_examples=EXAMPLES.max_examples // 8)
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_its_word(case):
            case.call_and_validate(headers=HEADERS, checks=CHECKS)

        keeps_its_word()


def takes_anything(definition):
    """Without a parameter or a body there is nothing a caller could get wrong."""
    return "parameters" in definition or "requestBody" in definition


@pytest.fixture(scope="session")
def fuzzed(address):
    with httpx.Client(base_url=address, headers=HEADERS, timeout=20) as client:
        yield client
        assert client.get("/v2/health/ready").status_code == 200


def keeps_its_word(answer):
    assert answer.status_code < 500, answer.text
    if answer.status_code != 200:
        assert isinstance(answer.json()["error"], str)


def is_tight(timeout, per_millisecond):
    """A deadline so short that 504 is the right answer is not bad input."""
    try:
        return 0 < float(timeout) / per_millisecond < 1000
    except (TypeError, ValueError):
        return False


# --- bodies -------------------------------------------------------------------------------------
NAMES = st.sampled_from(["amount", "hour", "note", "fraud_probability", "", "x"])
DATATYPES = st.sampled_from(["FP32", "FP64", "BYTES", "INT64", "BOOL", "BF16", "", "fp32"])
SHAPES = st.lists(
    st.one_of(st.integers(-2, 6), st.sampled_from([2**31, 2**60 + 2, 2**70])), max_size=4
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=4)
).map(lambda value: value.hex() if isinstance(value, bytes) else value)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["targeting_key", "attr.country", "attr.x", "timeout", "version", "binary_data_size",
         "binary_data_output", "binary_data", "sequence_id", "classification", "priority"]
    ),
    SCALARS,
    max_size=3,
).filter(lambda parameters: not is_tight(parameters.get("timeout"), 1000))  # fmt: skip
TENSORS = st.fixed_dictionaries(
    {"name": NAMES, "shape": SHAPES, "datatype": DATATYPES},
    optional={"data": st.lists(JSON, max_size=6), "parameters": PARAMETERS},
)
REQUESTS = st.fixed_dictionaries(
    {"inputs": st.lists(TENSORS, max_size=3)},
    optional={
        "id": st.text(max_size=8),
        "parameters": PARAMETERS,
        "outputs": st.lists(
            st.fixed_dictionaries({"name": NAMES}, optional={"parameters": PARAMETERS}), max_size=2
        ),
    },
)


@st.composite
def valid_bodies(draw):
    """(body, length of its JSON or None): a request the gateway answers with 200."""
    values = draw(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=5))
    if draw(st.booleans()):
        tensor = {"name": "amount", "shape": [len(values)], "datatype": "FP32", "data": values}
        return json.dumps({"inputs": [tensor]}).encode(), None
    raw = struct.pack(f"<{len(values)}f", *values)
    texts = b"".join(struct.pack("<I", 2) + b"ab" for _ in values)
    inputs = [
        {"name": "amount", "shape": [len(values), 1], "datatype": "FP32",
         "parameters": {"binary_data_size": len(raw)}},
        {"name": "note", "shape": [len(values)], "datatype": "BYTES",
         "parameters": {"binary_data_size": len(texts)}},
    ]  # fmt: skip
    head = json.dumps(
        {"inputs": inputs, "parameters": {"binary_data_output": draw(st.booleans())}}
    ).encode()
    return head + raw + texts, len(head)


@st.composite
def damaged(draw, body):
    """A body with a few bytes changed, cut out, doubled or put in."""
    data = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "cut", "double", "insert"]))
        if kind == "flip" and data:
            data[at] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 40))]
        else:
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
    return bytes(data)


@EXAMPLES
@given(made=valid_bodies())
def test_valid_bodies_are_answered(fuzzed, made):
    body, length = made
    headers = {} if length is None else {LENGTH: str(length)}
    assert fuzzed.post(INFER, content=body, headers=headers).status_code == 200


@EXAMPLES
@given(data=st.data())
def test_damaged_bodies_never_harm(fuzzed, data):
    body, length = data.draw(valid_bodies())
    body = data.draw(damaged(body))
    if length is not None:
        length = data.draw(
            st.one_of(st.just(length), st.integers(-1, len(body) + 2), st.sampled_from([0, 2**63]))
        )
    headers = {} if length is None else {LENGTH: str(length)}
    coding = data.draw(st.sampled_from([None, None, "gzip", "deflate", "br"]))
    if coding is not None:
        packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding, bytes)(body)
        body = data.draw(st.one_of(st.just(packed), damaged(packed)))
        headers["content-encoding"] = coding
    keeps_its_word(fuzzed.post(INFER, content=body, headers=headers))


@EXAMPLES
@given(request=REQUESTS, more=st.binary(max_size=24), claims=st.sampled_from([None, 0, 1, "real"]))
def test_requests_of_the_right_shape_and_wrong_content_never_harm(fuzzed, request, more, claims):
    head = json.dumps(request).encode()
    length = len(head) if claims == "real" else claims
    headers = {} if length is None else {LENGTH: str(length)}
    keeps_its_word(fuzzed.post(INFER, content=head + more, headers=headers))


@EXAMPLES
@given(
    body=st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())),
    path=st.sampled_from([INFER, "/v1/models/fraud:predict", "/v2/repository/index"]),
)
def test_bodies_of_any_bytes_never_harm(fuzzed, body, path):
    keeps_its_word(fuzzed.post(path, content=body))


@EXAMPLES
@given(
    instance=st.dictionaries(st.sampled_from(["amount", "hour", "note", "x"]), JSON, max_size=4),
    more=st.dictionaries(
        st.sampled_from(["targeting_key", "attributes", "version", "y"]), JSON, max_size=3
    ),
)
def test_named_values_of_any_kind_never_harm(fuzzed, instance, more):
    body = json.dumps({"instances": [instance], **more}).encode()
    keeps_its_word(fuzzed.post("/v1/models/fraud:predict", content=body))


@EXAMPLES
@given(
    path=st.text(st.characters(codec="utf-8"), max_size=30),
    prefix=st.sampled_from(["/", "/v2/models/", "/v2/models/fraud/versions/", "/v1/models/"]),
    method=st.sampled_from(["GET", "POST", "DELETE", "PATCH", "OPTIONS"]),
)
def test_any_path_and_method_is_an_answer(fuzzed, path, prefix, method):
    keeps_its_word(fuzzed.request(method, prefix + quote(path, safe="/")))


@EXAMPLES
@given(
    name=st.sampled_from(
        ["authorization", LENGTH, "x-request-timeout-ms", "content-encoding", "accept-encoding",
         "content-type", "expect", "connection"]
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
)  # fmt: skip
def test_any_header_is_an_answer(fuzzed, name, value):
    assume(name != "x-request-timeout-ms" or not is_tight(value, 1))
    body = b'{"inputs": [{"name": "amount", "shape": [1], "datatype": "FP32", "data": [1]}]}'
    keeps_its_word(fuzzed.post(INFER, content=body, headers={name: value}))
