"""What servers of the protocol are checked for (Triton's L0_http, L0_nan_inf,
L0_input_validation), against a gateway process."""

import json
import struct

import pytest

from tests.gateway.installation import SHADOW, STABLE
from tests.open_protocol.infer_requests import (
    EXPECTED,
    INFER,
    LENGTH,
    binary_body,
    floats,
    refused,
    tensor,
)

VERSION = STABLE.partition(":")[2]


# --- metadata, health, statuses --------------------------------------------------------------
@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_server_metadata_needs_no_redirect(http, path):
    answer = http.get(path)
    assert answer.status_code == 200
    assert set(answer.json()) == {"name", "version", "extensions"}


def test_health_answers_as_the_specification_has_it(http):
    assert http.get("/v2/health/live").json() == {"live": True}
    assert http.get("/v2/health/ready").json() == {"ready": True}
    answer = http.get(f"/v2/models/fraud/versions/{VERSION}/ready")
    assert answer.json() == {"name": "fraud", "ready": True}
    assert http.get("/v2/models").json() == {"models": ["fraud"]}


def test_a_version_may_be_named_with_or_without_its_model(http):
    for version in (VERSION, STABLE):
        answer = http.get(f"/v2/models/fraud/versions/{version}").json()
        assert answer["versions"] == [VERSION]


@pytest.mark.parametrize("rest", ["", "/ready", "/config", "/stats"])
def test_known_but_not_running_is_503_with_a_time_to_retry(http, rest):
    answer = http.get(f"/v2/models/fraud/versions/{SHADOW}{rest}")
    assert "has no worker" in refused(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/x",
        "/v2/models/x/ready",
        "/v2/models/x/stats",
        "/v2/models/fraud/versions/9/ready",
        "/v2/models/fraud/versions",
        "/v2/models/",
        "/v2/nowhere",
        "/v3",
    ],
)
def test_what_does_not_exist_is_404(http, path):
    assert "expected" in refused(http.get(path), 404)
    refused(http.post(f"{path}/b/c/infer"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/v2", "GET"),
        ("DELETE", "/v2/models/fraud", "GET"),
        ("GET", INFER, "POST"),
        ("PUT", "/v1/models/fraud:predict", "POST"),
        ("GET", "/v2/repository/index", "POST"),
        ("POST", "/v2/health/live", "GET"),
    ],
)
def test_another_method_is_405_and_names_the_right_one(http, method, path, allow):
    answer = http.request(method, path)
    refused(answer, 405)
    assert answer.headers["allow"] == allow


def test_the_index_takes_no_body_an_empty_one_and_a_filter(http):
    everything = http.post("/v2/repository/index").json()
    assert {entry["state"] for entry in everything} == {"READY", "UNAVAILABLE"}
    assert http.post("/v2/repository/index", json={}).json() == everything
    ready = http.post("/v2/repository/index", json={"ready": True}).json()
    assert len(ready) == 2
    assert {entry["state"] for entry in ready} == {"READY"}
    assert "ready" in refused(http.post("/v2/repository/index", json={"ready": "yes"}))
    refused(http.post("/v2/repository/index", content=b"{"))


def test_loading_is_left_to_releases(http):
    for verb in ("load", "unload"):
        assert "releases" in refused(http.post(f"/v2/repository/models/fraud/{verb}", json={}))


# --- JSON and binary --------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [None, "text/plain", "application/octet-stream", "x/y;;"])
def test_the_content_type_is_never_looked_at(http, kind):
    body, headers = binary_body()
    kinds = {} if kind is None else {"content-type": kind}
    binary = http.post(INFER, content=body, headers={**headers, **kinds})
    text = json.dumps({"inputs": [tensor()]}).encode()
    plain = http.post(INFER, content=text, headers=kinds)
    for answer in (binary, plain):
        assert answer.json()["outputs"][0]["data"] == pytest.approx(EXPECTED, abs=1e-6)


def test_json_answers_carry_no_length_header_and_binary_ones_do(http):
    plain = http.post(INFER, json={"inputs": [tensor()]})
    assert plain.headers["content-type"] == "application/json"
    assert LENGTH not in plain.headers
    body, headers = binary_body(parameters={"binary_data_output": True})
    binary = http.post(INFER, content=body, headers=headers)
    assert binary.headers["content-type"] == "application/octet-stream"
    assert floats(binary) == pytest.approx(EXPECTED, abs=1e-6)


def test_the_form_of_an_output_overrides_the_form_of_all(http):
    request = {
        "inputs": [tensor()],
        "parameters": {"binary_data_output": True},
        "outputs": [{"name": "fraud_probability", "parameters": {"binary_data": False}}],
    }
    answer = http.post(INFER, json=request)
    assert answer.json()["outputs"][0]["data"] == pytest.approx(EXPECTED, abs=1e-6)


def test_an_empty_list_of_outputs_means_all(http):
    answer = http.post(INFER, json={"inputs": [tensor()], "outputs": []})
    assert len(answer.json()["outputs"]) == 1


def test_json_and_binary_inputs_in_one_request(http):
    raw = struct.pack("<2f", 3.0, 4.0)
    hour = {"name": "hour", "shape": [2], "datatype": "FP32"}
    hour["parameters"] = {"binary_data_size": 8}
    head = json.dumps({"inputs": [tensor(), hour]}).encode()
    answer = http.post(INFER, content=head + raw, headers={LENGTH: str(len(head))})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("value", ["-1", "x", "1e3", "", "99999999", "9" * 30])
def test_a_length_of_the_json_outside_the_body_is_refused(http, value):
    body, _ = binary_body()
    error = refused(http.post(INFER, content=body, headers={LENGTH: value}))
    assert "inference-header-content-length" in error.lower() or "body" in error


def test_a_length_inside_the_json_or_past_it_is_refused(http):
    body, headers = binary_body()
    length = int(headers[LENGTH])
    for wrong in (1, length - 1, length + 1, len(body)):
        refused(http.post(INFER, content=body, headers={LENGTH: str(wrong)}))


def test_too_few_and_too_many_bytes_are_counted_out(http):
    body, headers = binary_body()
    assert "8 additional bytes" in refused(http.post(INFER, content=body[:-8], headers=headers))
    assert "4 bytes" in refused(http.post(INFER, content=body + b"more", headers=headers))


@pytest.mark.parametrize(
    "parameters",
    [{"binary_data_size": -1}, {"binary_data_size": "8"}, {"binary_data_size": 9},
     {"binary_data_size": True}, {"binary_data_size": 2**62}, {"binary_data_size": 1.5}],
)  # fmt: skip
def test_a_blob_of_another_size_is_refused(http, parameters):
    described = tensor(parameters=parameters)
    del described["data"]
    head = json.dumps({"inputs": [described]}).encode()
    refused(http.post(INFER, content=head + b"\0" * 8, headers={LENGTH: str(len(head))}))


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"shape": [2**4, 2**60 + 2]}, "elements"),
        ({"shape": [2**62]}, "elements"),
        ({"shape": [2**70]}, "shape"),
        ({"shape": [-1]}, "dimensions of 0 or more"),
        ({"shape": [2, -2]}, "dimensions of 0 or more"),
        ({"shape": [1] * 40}, "dimensions"),
        ({"shape": []}, "rows"),
        ({"shape": [0], "data": []}, "rows"),
        ({"shape": [0, 5], "data": []}, "rows"),
        ({"shape": [2, 0], "data": []}, "shape"),
        ({"shape": [2.5]}, "shape"),
        ({"datatype": "BF16"}, "datatype"),
        ({"datatype": "fp32"}, "datatype"),
        ({"data": [[1.0, 2.0, 3.0]]}, "values"),
        ({"data": [None, None]}, "amount"),
        ({"parameters": {"shared_memory_region": "r"}, "data": None}, "data"),
    ],
)
def test_tensors_that_cannot_be_are_refused_by_name(http, changes, fragment):
    error = refused(http.post(INFER, json={"inputs": [tensor(**changes)]}))
    assert fragment in error


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e39"])
def test_what_is_no_finite_number_is_refused_in_json(http, text):
    body = json.dumps({"inputs": [tensor(data=[1.0, 2.0])]}).replace("2.0", text)
    refused(http.post(INFER, content=body.encode()))


def test_nan_in_a_blob_is_a_missing_value_and_infinity_is_refused(http):
    body, headers = binary_body((1.0, float("nan")))
    assert "amount" in refused(http.post(INFER, content=body, headers=headers))
    body, headers = binary_body((1.0, float("inf")))
    assert "float <= " in refused(http.post(INFER, content=body, headers=headers))


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"inputs":[{"data":['])
def test_json_nested_without_end_is_refused(http, opening):
    refused(http.post(INFER, content=opening * 20_000))
    refused(http.post("/v1/models/fraud:predict", content=opening * 20_000))


@pytest.mark.parametrize("digits", ["9" * 5000, "-" + "9" * 400, "1." + "0" * 100_000, "1e-99999"])
def test_numbers_of_any_length_are_an_answer_not_a_crash(http, digits):
    body = json.dumps({"inputs": [tensor()], "parameters": {"n": 1}}).replace(
        '"n": 1', f'"n": {digits}'
    )
    assert http.post(INFER, content=body.encode()).status_code in (200, 400)
    body = json.dumps({"inputs": [tensor(data=[1.0, 2.0])]}).replace("2.0", digits)
    assert http.post(INFER, content=body.encode()).status_code in (200, 400)


@pytest.mark.parametrize(
    "request_",
    [
        {"parameters": {"sequence_id": 4}},
        {"parameters": {"triton_enable_empty_final_response": True}},
        {"parameters": {"binary_data_output": "yes"}},
        {"outputs": [{"name": "fraud_probability", "parameters": {"binary_data": 1}}]},
        {"outputs": [{"name": "fraud_probability", "parameters": {"classification": 3}}]},
        {"outputs": [{"name": "fraud_probability", "parameters": {"shared_memory_region": "r"}}]},
        {"outputs": [{"name": "mood"}]},
        {"id": 7},
    ],
)
def test_promises_nobody_here_keeps_are_refused(http, request_):
    refused(http.post(INFER, json={"inputs": [tensor()], **request_}))


def test_unknown_parameters_pass(http):
    request = {"inputs": [tensor()], "parameters": {"priority": 2, "colour": "red"}}
    assert http.post(INFER, json=request).status_code == 200


# --- raw binary requests --------------------------------------------------------------------
@pytest.mark.parametrize("zero", ["0", "00"])
def test_a_raw_body_is_the_required_input_of_one_row(http, zero):
    answer = http.post(INFER, content=struct.pack("<f", 10.0), headers={LENGTH: zero})
    assert answer.status_code == 200, answer.text
    assert floats(answer) == pytest.approx(EXPECTED[:1], abs=1e-6)


@pytest.mark.parametrize("size", [0, 3, 5, 8])
def test_a_raw_body_of_another_size_is_refused(http, size):
    answer = http.post(INFER, content=b"\0" * size, headers={LENGTH: "0"})
    assert "4 bytes of FP32" in refused(answer)
