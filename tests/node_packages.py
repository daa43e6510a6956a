"""npm packages that tests use, each folder's installed from its own lock on first use."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest


class NotInstallable(Exception):
    """No npm, or no package registry in reach."""


def install(folder: Path) -> Path:
    """:func:`installed`, or the test is skipped."""
    try:
        return installed(folder)
    except NotInstallable as error:
        pytest.skip(str(error))


def installed(folder: Path) -> Path:
    """``npm ci`` unless what is there came from this very lock; raises NotInstallable.

    Returns the folder of the packages.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotInstallable(f"node and npm are needed for {folder.name}/package.json")
    # Tests may run in several processes.
    with (folder / "package.json").open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install(npm, folder)
    return folder / "node_modules"


def _install(npm: str, folder: Path) -> None:
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    installed = folder / "node_modules" / ".installed-from"
    if installed.is_file() and installed.read_text(encoding="utf-8") == lock:
        return
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode()[-300:]
        raise NotInstallable(f"npm ci failed, no package registry in reach: {said}")
    installed.write_text(lock, encoding="utf-8")
