"""Key files of a home: written whole or not at all, and never readable by others for a moment."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from bentos.contract.errors import ContractError
from bentos.whole_file import write_whole


def make_signing_key(folder: Path, name: str) -> list[Path]:
    """An Ed25519 key as ``<name>.key`` (0600) and ``<name>.pub``, PEM; what is there stays.

    Returns the files that were written now.
    """
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    written = []
    if not private.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_whole(private, pem.decode())
        written.append(private)
    key = load_signing_key(private)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if not public.exists() or public.read_bytes() != pem:
        write_whole(public, pem.decode(), mode=0o644)
        written.append(public)
    return written


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key (PEM); raises ContractError for another kind of key, or none."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ContractError(str(path), "a private key in PEM", type(error).__name__) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ContractError(str(path), "an Ed25519 private key", type(key).__name__)
    return key
