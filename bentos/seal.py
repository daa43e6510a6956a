"""Secrets at rest that must be known in clear to be used: encrypted under a key in a file.

AES-256-GCM, bound to its place: what was moved elsewhere does not open. The key file (0600)
holds a key a line, in hex; the first one seals, all of them open, so that it can be rotated.
"""

import base64
import hashlib
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bentos.contract.errors import ContractError
from bentos.whole_file import write_whole

KEY_BYTES = 32
NONCE_BYTES = 12
FORM = "v1"


class UnreadableError(Exception):
    """A secret that none of this process's keys opens."""


class Seal:
    """Seals and opens; ``keys`` newest first, ``name`` is the key file's."""

    def __init__(self, keys: list[bytes], name: str) -> None:
        self._name = name
        self._keys = {self._id_of(key): AESGCM(key) for key in keys}
        self.key_id = self._id_of(keys[0])

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
            raise UnreadableError(f"it was sealed with another {self._name}, {key_id or 'unknown'}")
        try:
            raw = base64.urlsafe_b64decode(packed)
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise UnreadableError("it is damaged, or another one's") from error

    def is_newest(self, text: str) -> bool:
        """Whether it was sealed with the first key."""
        return text.split(".")[1:2] == [self.key_id]

    def _id_of(self, key: bytes) -> str:
        return hashlib.sha256(self._name.encode() + b"\x00" + key).hexdigest()[:8]


def make_key(path: Path) -> list[Path]:
    """Write a key file unless it is there; returns what was written now."""
    if path.exists():
        return []
    write_whole(path, secrets.token_hex(KEY_BYTES) + "\n")
    return [path]


def load_keys(path: Path, hint: str) -> list[bytes]:
    """Read a key file; raises ContractError, with ``hint`` as what to do."""
    try:
        keys = [bytes.fromhex(line) for line in path.read_text(encoding="utf-8").split()]
    except (OSError, ValueError) as error:
        raise ContractError(
            str(path), "keys in hex, a line each", type(error).__name__, hint
        ) from error
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ContractError(str(path), f"keys of {KEY_BYTES} bytes in hex", "another length")
    return keys
