"""What a result depends on: files, code, lock, seed, CPU kernels. Keys of the cache and the
manifest's provenance come from here."""

import hashlib
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from bentos.contract import canonical

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
SOURCE_SUFFIXES = {".py", ".toml", ".yaml"}
GIT_TIMEOUT_S = 10


def file_digest(path: Path) -> str:
    """SHA-256 hex of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def source_digest(*folders: str) -> str:
    """SHA-256 hex over the source files below folders (or files) of the project."""
    return canonical.digest({name: _digest(ROOT / name) for name in folders})


def _digest(place: Path) -> dict[str, str]:
    files: Iterable[Path] = place.rglob("*") if place.is_dir() else [place]
    return {
        path.relative_to(ROOT).as_posix(): file_digest(path)
        for path in files
        if path.suffix in SOURCE_SUFFIXES
    }


def key_of(**parts: Any) -> str:
    """A cache key over JSON-like parts, each under its name."""
    return canonical.digest(parts)


def lock_digest() -> str:
    """SHA-256 hex of requirements.lock; of nothing where an installation has none."""
    return file_digest(LOCK) if LOCK.is_file() else hashlib.sha256(b"").hexdigest()


@cache
def code_commit() -> str:
    """The git commit, with ``-dirty`` when source differs from it; ``unknown`` outside git."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "training", "bentos")
    return f"{commit}-dirty" if changed else commit


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ("git", "-C", str(ROOT), *arguments),
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def cpu_kernels() -> dict[str, str]:
    """Which BLAS kernels and which onnxruntime computed."""
    import onnxruntime  # noqa: PLC0415 - heavy, only where a version is made
    from threadpoolctl import threadpool_info  # noqa: PLC0415

    # Its BLAS is another than numpy's, and a night that took its fit from an earlier one lacks it.
    import_module("scipy.linalg")
    kernels: dict[str, set[str]] = {}
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            kernel = f"{pool.get('architecture', 'unknown')} {pool.get('version')}"
            kernels.setdefault(pool["internal_api"], set()).add(kernel)
    providers = ",".join(onnxruntime.get_available_providers())
    return {
        **{name: ", ".join(sorted(found)) for name, found in sorted(kernels.items())},
        "onnxruntime": f"{onnxruntime.__version__} CPUExecutionProvider of {providers}",
    }
