import json
import stat

import pytest
from typer.testing import CliRunner

from control_plane.cli import output
from control_plane.cli.app import app

pytestmark = pytest.mark.acceptance
URL = "https://hooks.invalid/x"


@pytest.fixture
def run(plane, monkeypatch):
    monkeypatch.setenv("SIGNALBOX_HOME", str(plane.home))
    monkeypatch.setenv("SIGNALBOX_CONTROL_PLANE_URL", plane.url)
    # Wide enough for every table, whatever terminal the tests run in.
    monkeypatch.setattr(output.console, "_width", 250)

    def invoke(*arguments):
        return CliRunner().invoke(app, ["webhooks", *map(str, arguments)])

    return invoke


def told(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_webhook_from_its_first_day_to_its_last(run, tmp_path, plane):
    file = tmp_path / "secret"
    made = told(run("create", "ci", "--url", URL, "--event", "kill.*", "--file", file, "--json"))
    assert made["secret"] == f"written to {file}"
    assert file.read_text().startswith("whsec_")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    webhook = made["id"]
    assert "release.ramped" in run("types").output
    assert "kill.*" in run("list").output
    edited = told(run("edit", webhook, "--event", "release.*", "--event", "kill.set", "--json"))
    assert edited["events"] == ["kill.set", "release.*"]
    rotated = told(run("rotate", webhook, "--overlap", 60, "--json"))
    assert rotated["secret"].startswith("whsec_")
    assert run("rotate", webhook).exit_code == 4
    delivery = told(run("test", webhook, "--json"))["id"]
    asked = lambda: told(run("delivery", delivery, "--json"))["tried"]  # noqa: E731
    plane.wait(asked, "the attempt")
    shown = run("delivery", delivery).output
    assert "webhook.test" in shown
    assert "duration_ms" in shown
    told(run("disable", webhook, "--reason", "test", "--json"))
    dead = told(run("deliveries", "--webhook", webhook, "--state", "dead", "--json"))
    assert [each["id"] for each in dead] == [delivery]
    assert (
        "webhook.test" in run("deliveries", "--webhook", webhook, "--type", "webhook.test").output
    )
    assert run("redeliver", delivery).exit_code == 4
    told(run("enable", webhook, "--json"))
    assert told(run("redeliver", "--webhook", webhook, "--json")) == {"redelivered": 1}
    assert run("delete", webhook).exit_code == 0
    assert run("show", webhook).exit_code == 2


def test_what_makes_no_sense_is_bad_input(run):
    for wrong in (
        ("create", "ci", "--url", "http://127.0.0.1/", "--event", "*"),
        ("create", "ci", "--url", URL, "--event", "of-tomorrow"),
        ("redeliver",),
        ("redeliver", "one", "--webhook", "two"),
        ("redeliver", "one", "--since", "2026-01-01T00:00:00Z"),
        ("deliveries", "--state", "lost"),
    ):
        assert run(*wrong).exit_code == 2, wrong
