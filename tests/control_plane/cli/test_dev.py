import json
import os
import signal
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from control_plane.cli import dev
from control_plane.cli.app import app
from tests.node_packages import install
from tests.stand_in.shopify import schema

COMMAND = [sys.executable, "-m", "control_plane.cli", "dev", "shop"]


def test_a_shop_answers_until_it_is_interrupted(tmp_path):
    install(schema.FOLDER)
    # From anywhere: an order file is named as one sees it.
    environment = {**os.environ, "PYTHONPATH": str(dev.ROOT)}
    options = ["--port", "0", "--orders", "generated:20", "--shop", "corner"]
    process = subprocess.Popen(
        [*COMMAND, *options], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    try:
        said = json.loads(process.stdout.readline())
        assert said["shop"] == "corner.myshopify.com"
        answer = httpx.post(
            f"{said['url']}/admin/api/2026-10/graphql.json",
            json={"query": "{ shop { myshopifyDomain } }"},
            headers={"X-Shopify-Access-Token": said["token"]},
            timeout=60,
        )
        assert answer.json()["data"]["shop"]["myshopifyDomain"] == "corner.myshopify.com"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_an_order_file_that_is_none_is_named(tmp_path):
    install(schema.FOLDER)
    done = subprocess.run(
        [*COMMAND, "--orders", str(tmp_path / "none.parquet")],
        env={**os.environ, "PYTHONPATH": str(dev.ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "none.parquet" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("missing", "said"), [("checkout", "comes with a checkout"), ("graphql", "needs graphql-core")]
)
def test_says_what_is_missing(missing, said, monkeypatch, tmp_path):
    if missing == "checkout":
        monkeypatch.setattr(dev, "ROOT", tmp_path)
    else:
        monkeypatch.setattr(dev, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["dev", "shop"])
    assert done.exit_code == 1
    assert said in done.stderr
