"""Shopify client secrets, read where the ``keys`` document points; never logged, never kept on."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import structlog

from bentos.contract.errors import ContractError
from bentos.contract.shopify import parse_secret_reference

log = structlog.get_logger(__name__)

MIN_SECRET_BYTES = 32
"Shopify's have 32 or 38 bytes; HS256 asks for no less (RFC 7518 §3.2)."
MAX_SECRET_BYTES = 1024
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_secrets(references: Sequence[str], folder: Path) -> tuple[bytes, ...]:
    """The secrets that can be read here, in the document's order.

    One that cannot be is logged and left out: the document also carries revocations, which
    must not wait for a file. A door without any secret refuses every call.
    """
    found = []
    for reference in references:
        try:
            found.append(_read(reference, folder))
        except (ContractError, OSError) as error:
            log.error("shopify_secret_unreadable", reference=reference[:120], error=_say(error))
    return tuple(found)


def _read(reference: str, folder: Path) -> bytes:
    kind, name = parse_secret_reference(reference)
    secret = _file(folder / name) if kind == "file" else os.environ.get(name, "").encode()
    secret = secret.strip()
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise ContractError(
            reference, f"{MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes", f"{len(secret)} bytes"
        )
    return secret


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if mode & _OPEN_TO_OTHERS:
            raise ContractError(path.name, "mode 0600", f"{stat.S_IMODE(mode):04o}")
        return file.read(MAX_SECRET_BYTES + 64)


def _say(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
