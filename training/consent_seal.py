"""Consent files of this machine: sealed, so that one edited by hand or from elsewhere is refused.

The seal is an HMAC-SHA256 under ``keys/consent.key`` (0600) over the canonical JSON. It shows
that this installation wrote the file, not who sat before it.
"""

import hmac
import secrets
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from bentos.whole_file import write_whole
from training import atomic
from training.settings import Settings

KEY_FILE = "consent.key"
KEY_BYTES = 32


def folder(settings: Settings) -> Path:
    """Where they lie."""
    return settings.home / "consents"


def write(settings: Settings, name: str, record: dict[str, Any]) -> None:
    """Write a record whole, with its seal; the key is made if it is not there."""
    path = settings.keys / KEY_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, secrets.token_hex(KEY_BYTES))
    sealed = {"record": record, "seal": _seal(settings, name, record)}
    content = msgspec.json.format(msgspec.json.encode(sealed), indent=2)
    atomic.write_bytes(folder(settings) / name, content, 0o600)


def read(settings: Settings, name: str) -> dict[str, Any] | None:
    """The record of a file, None without the file; raises ContractError for a broken seal."""
    path = folder(settings) / name
    if not path.is_file():
        return None
    expected = "a file this installation sealed"
    try:
        sealed = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        record, seal = sealed["record"], sealed["seal"]
    except (msgspec.MsgspecError, KeyError) as error:
        raise ContractError(str(path), expected, type(error).__name__) from error
    if not isinstance(record, dict) or not isinstance(seal, str):
        raise ContractError(str(path), expected, "another document")
    if not hmac.compare_digest(_seal(settings, name, record), seal):
        raise ContractError(str(path), expected, "a broken seal", "Give the consents again.")
    return record


def _seal(settings: Settings, name: str, record: dict[str, Any]) -> str:
    path = settings.keys / KEY_FILE
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise ContractError(str(path), "a key in hex digits", type(error).__name__) from error
    # The name is part of it: one file does not stand in for another.
    return hmac.digest(
        key, name.encode() + b"\x00" + canonical.canonical_json(record), "sha256"
    ).hex()
