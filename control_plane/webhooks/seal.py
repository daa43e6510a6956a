"""Webhooks' secrets at rest: encrypted with a key that lies in a file, not in the database.

A secret must be known in clear to sign with it, so a digest will not do. It is kept as
AES-256-GCM under ``keys/webhooks.key`` (0600), bound to its place: a row that was moved to
another webhook does not open. The file holds a key a line; the first one seals, all of them
open, so that it can be rotated (docs/webhooks.md).
"""

import base64
import hashlib
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bentos.contract.errors import ContractError
from control_plane.key_files import write_whole

NAME = "webhooks.key"
KEY_BYTES = 32
NONCE_BYTES = 12
FORM = "v1"


class UnreadableError(Exception):
    """A secret that none of this process's keys opens."""


class Seal:
    """Seals and opens; ``keys`` newest first."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self.key_id = _key_id(keys[0])

    def close(self, secret: bytes, place: str) -> str:
        """As it is stored. ``place`` must be said again to open it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[self.key_id].encrypt(nonce, secret, place.encode())
        return f"{FORM}.{self.key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, text: str, place: str) -> bytes:
        """The secret; raises UnreadableError, which names the key it takes."""
        form, key_id, packed = (*text.split("."), "", "")[:3]
        key = self._keys.get(key_id)
        if form != FORM or key is None:
            raise UnreadableError(f"it was sealed with another {NAME}, {key_id or 'unknown'}")
        try:
            raw = base64.urlsafe_b64decode(packed)
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise UnreadableError("it is damaged, or another webhook's") from error

    def is_newest(self, text: str) -> bool:
        """Whether it was sealed with the first key."""
        return text.split(".")[1:2] == [self.key_id]


def make_key(folder: Path) -> list[Path]:
    """Write ``webhooks.key`` unless it is there; returns what was written now."""
    path = folder / NAME
    if path.exists():
        return []
    write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")
    return [path]


def load_seal(folder: Path) -> Seal:
    """Read the key file; raises ContractError."""
    path = folder / NAME
    try:
        keys = [bytes.fromhex(line) for line in path.read_text(encoding="utf-8").split()]
    except (OSError, ValueError) as error:
        hint = "signalbox init makes one."
        raise ContractError(
            str(path), "keys in hex, a line each", type(error).__name__, hint
        ) from error
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ContractError(str(path), f"keys of {KEY_BYTES} bytes in hex", "another length")
    return Seal(keys)


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"webhooks.key\x00" + key).hexdigest()[:8]
