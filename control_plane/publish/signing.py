"""Signs document headers with the installation's Ed25519 key."""

import base64
import hashlib
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bentos.contract.documents import DocumentHeader, signing_input
from control_plane.key_files import load_signing_key

KEY_ID_LENGTH = 16


class Signer:
    """Holds the private key; ``key_id`` is the start of the public key's SHA-256."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = hashlib.sha256(raw).hexdigest()[:KEY_ID_LENGTH]

    def sign(self, header: DocumentHeader) -> DocumentHeader:
        """The header with its signature."""
        signature = base64.b64encode(self._key.sign(signing_input(header))).decode()
        return msgspec.structs.replace(header, signature=signature)


def load_signer(path: Path) -> Signer:
    """Read the private key (PEM); raises ContractError for another kind of key."""
    return Signer(load_signing_key(path))
