"""Tell the control plane about a version: one idempotent POST of its manifest."""

from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from training.run import read_manifest

TIMEOUT_S = 30.0


class RegisterError(RuntimeError):
    """The control plane could not be reached, or refused the version."""


def register(manifest_path: Path, control_plane: str, key: str) -> dict[str, Any]:
    """POST the manifest; returns the answer. The same manifest again is no error.

    Raises RegisterError with the control plane's own words when it refuses.
    """
    import httpx  # noqa: PLC0415 - only this step speaks HTTP

    body = msgspec.json.encode(read_manifest(manifest_path))
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    url = f"{control_plane.rstrip('/')}/api/v1/versions"
    try:
        response = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        raise RegisterError(f"{url}: {error}") from error
    if response.status_code not in (200, 201):
        raise RegisterError(f"{url}: {response.status_code} {response.text[:2000]}")
    answer: dict[str, Any] = response.json()
    return answer


def read_key(path: Path) -> str:
    """The service key of a key file (one line)."""
    try:
        return path.read_text("ascii").strip()
    except OSError as error:
        raise ContractError("--key-file", "a readable key file", str(error)) from error
