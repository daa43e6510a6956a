"""Bad input at every door: the field, what was expected and what came; nothing half-written."""

import json

import pytest

from load_tests.installation.model import MODEL
from load_tests.installation.tiny_bento import VERSIONS

pytestmark = pytest.mark.acceptance


def predict(line, body, key=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key or line.keys['caller']}"}
    return line.gateway.post(f"/v1/models/{MODEL}:predict", content=data, headers=headers)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        ({"targeting_key": "b-1"}, "instances"),
        ({"targeting_key": "b-1", "instances": []}, "rows"),
        ({"targeting_key": "b-1", "instances": [{"b": 1}]}, "a"),
        ({"targeting_key": "b-1", "instances": [{"a": "much"}]}, "a"),
        ({"targeting_key": "b-1", "instances": [{"a": -1}]}, "a"),
        ({"targeting_key": "b-1", "instances": [{"a": 1, "z": 1}]}, "z"),
        ({"targeting_key": 7, "instances": [{"a": 1}]}, "targeting_key"),
        ({"targeting_key": "", "instances": [{"a": 1}]}, "targeting_key"),
        ({"targeting_key": "k" * 201, "instances": [{"a": 1}]}, "targeting_key"),
        (
            {"targeting_key": "b-1", "attributes": {"vip": True}, "instances": [{"a": 1}]},
            "attributes.vip",
        ),
    ],
)
def test_the_gateway_names_the_field(line, body, field):
    answer = predict(line, body)
    assert answer.status_code == 400, answer.text
    assert field in answer.text
    assert "expected" in answer.text
    assert "got" in answer.text


def test_the_gateway_refuses_strangers_and_unknown_models(line):
    body = {"targeting_key": "b-1", "instances": [{"a": 1}]}
    assert predict(line, body, key=f"sbx_{'0' * 12}_{'x' * 43}").status_code == 401
    headers = {"authorization": f"Bearer {line.keys['caller']}"}
    unknown = line.gateway.post("/v1/models/nobody:predict", json=body, headers=headers)
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"steps": [0.00005]}, "steps"),
        ({"steps": [1.5]}, "steps"),
        ({"candidate": "tiny:20990101-00000000"}, "tiny:20990101-00000000"),
        ({"model": "nobody"}, "model"),
        ({"reason": ""}, "reason"),
        ({"kind": "sudden"}, "kind"),
        ({"extra": 1}, "extra"),
    ],
)
def test_the_control_plane_names_the_field_and_writes_nothing(stable, change, field):
    line = stable
    before = line.call("author", "GET", "/api/v1/releases")
    plan = {"model": MODEL, "candidate": VERSIONS[1], "reason": "as tested", **change}
    headers = {"authorization": f"Bearer {line.keys['author']}"}
    answer = line.control.post("/api/v1/releases", json=plan, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert field in answer.text
    assert line.call("author", "GET", "/api/v1/releases") == before


def test_a_fleet_report_of_nonsense_is_refused(line):
    headers = {"authorization": f"Bearer {line.keys['fleet']}"}
    report = {"fleet": "local", "versions": {"x": {"ready": "yes"}}}
    answer = line.control.post("/fleet/v1/report", json=report, headers=headers)
    assert 400 <= answer.status_code < 500
    assert "ready" in answer.text


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        ("control_plane", "SIGNALBOX_CONTROL_PLANE_PORT", "99999"),
        ("control_plane.fleet", "SIGNALBOX_FLEET_POLL_S", "0"),
        ("gateway", "SIGNALBOX_GATEWAY_PORT", "http"),
    ],
)
def test_a_bad_setting_ends_a_process_with_two(line, module, name, value, tmp_path):
    environment = {**line.environment, "SIGNALBOX_HOME": str(tmp_path), name: value}
    line_environment, line.environment = line.environment, environment
    try:
        done = line.run("-m", module)
    finally:
        line.environment = line_environment
    assert done.returncode == 2
    assert name.removeprefix("SIGNALBOX_").lower() in done.stderr.lower()
    assert value in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--for", "soon"],
        ["--orders", "no-such-file.csv"],
        ["--port-base", "0"],
        ["--mapping", "ta_feng"],
    ],
)
def test_the_demo_ends_with_two_and_writes_nothing(line, arguments, tmp_path):
    done = line.run("-m", "demo", "--home", str(tmp_path / "var"), *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
    assert "expected" in done.stderr
    assert not (tmp_path / "var").exists()


def test_the_demo_names_a_taken_port(line, tmp_path):
    port = str(line.gateway_port)
    done = line.run("-m", "demo", "--home", str(tmp_path / "var"), "--port-base", port)
    assert done.returncode == 2
    assert f"port {port} (gateway)" in done.stderr
    assert "--port-base" in done.stderr
