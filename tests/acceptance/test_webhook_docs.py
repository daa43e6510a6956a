"""The examples of docs/webhooks.md do what the page says, against a real control plane."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from load_tests.free_ports import free_port
from tests.control_plane.plane import Plane

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
SETTINGS = {
    "SIGNALBOX_WEBHOOK_NETWORKS": "127.0.0.0/8",
    "SIGNALBOX_WEBHOOK_HTTP": "true",
    "SIGNALBOX_WEBHOOK_INTERVAL_S": "0.05",
}


def example(name):
    """The text of a fenced example, by the word after its language."""
    [text] = re.findall(rf"^```\w+ {name}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return text


@pytest.fixture
def plane(tmp_path):
    plane = Plane(tmp_path / "home", **SETTINGS)
    plane.initialise()
    plane.start()
    yield plane
    plane.close()


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def receiver(tmp_path, port):
    """The page's receiver; what it prints."""
    code, printed = tmp_path / "receiver.py", tmp_path / "printed"
    code.write_text(example("receiver"))
    environment = {
        **os.environ,
        "SECRET_FILE": str(tmp_path / "deploys.secret"),
        "PORT": str(port),
    }
    with (
        printed.open("w") as out,
        subprocess.Popen(
            [sys.executable, code], env=environment, stdout=out, stderr=subprocess.DEVNULL
        ) as process,
    ):
        yield printed
        process.kill()


@pytest.mark.skipif(shutil.which("jq") is None, reason="the page uses jq")
def test_the_page_s_examples_do_what_it_says(plane, receiver, port, tmp_path):
    environment = plane.environment(
        SIGNALBOX_CONTROL_PLANE_URL=plane.url,
        RECEIVER=f"http://127.0.0.1:{port}/hooks",
        COLUMNS="200",
    )
    command = f'signalbox() {{ "{sys.executable}" -m control_plane.cli "$@"; }}\nset -e\n'
    steps = {name: example(name) for name in ("subscribe", "try", "outage", "rotate")}

    def run(*names):
        script = command + "\n".join(steps[name] for name in names)
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    secret = tmp_path / "deploys.secret"
    assert "whsec_" not in run("subscribe")
    assert secret.read_text().startswith("whsec_")
    assert "webhook.test" in run("try")
    webhook = plane.admin.get("/api/v1/webhooks").json()[0]["id"]
    end = time.monotonic() + 20
    while f"webhook.test webhook:{webhook}" not in receiver.read_text():
        assert time.monotonic() < end, "the receiver printed nothing"
        time.sleep(0.02)
    steps["find"] = steps["try"].splitlines()[0]
    assert "redelivered" in run("find", "outage")
    run("find", "rotate")
    assert (tmp_path / "deploys.secret.new").read_text() != secret.read_text()
    # Both sign: the receiver has only the old one, and goes on.
    run("try")
    plane.wait(lambda: receiver.read_text().count("webhook.test") == 2, "the second message")
