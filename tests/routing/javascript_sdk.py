"""Node with GrowthBook's JavaScript SDK, installed from the lock on first use."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.node_packages import install

FOLDER = Path(__file__).with_name("js")


def node() -> str:
    """The path of node, for scripts of ``FOLDER``; skips the test where there is none."""
    install(FOLDER)
    found = shutil.which("node")
    assert found is not None
    return found


def evaluate(
    payloads: list[dict[str, Any]], cases: list[tuple[str, dict[str, Any]]]
) -> list[list[tuple[Any, ...]]]:
    """What the SDK makes of each case under each payload's features."""
    done = subprocess.run(
        [node(), "evaluate.mjs"],
        cwd=FOLDER,
        input=json.dumps({"payloads": payloads, "cases": cases}).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [[tuple(answer) for answer in answers] for answers in json.loads(done.stdout)]
