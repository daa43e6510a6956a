"""Node with GrowthBook's JavaScript SDK, installed from the lock on first use."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

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
