"""Node with GrowthBook's JavaScript SDK, installed from the lock on first use."""

import fcntl
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).with_name("js")


def node() -> str:
    """The path of node, for scripts of ``FOLDER``; skips the test where there is none."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm are needed to compare with GrowthBook's JavaScript SDK")
    # Tests may run in several processes.
    with (FOLDER / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install(npm)
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


def _install(npm: str) -> None:
    """``npm ci`` unless what is there came from this very lock."""
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    installed = FOLDER / "node_modules" / ".installed-from"
    if installed.is_file() and installed.read_text(encoding="utf-8") == lock:
        return
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=FOLDER,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"npm ci failed, no package registry in reach: {done.stderr.decode()[-300:]}")
    installed.write_text(lock, encoding="utf-8")
