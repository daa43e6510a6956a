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
_Standing = tuple[int, ...] | None
# Of no file: one that is there and could not be read is tried again, changed or not.
_AGAIN: _Standing = ()


class ShopifySecrets:
    """What the references of the document in force point to, in ``folder`` and the environment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, _Standing] = {}
        self._known: dict[str, bytes] = {}

    def read(self, references: Sequence[str]) -> None:
        """Read all of them; what earlier ones pointed to is forgotten.

        One that cannot be read is logged and left out: the document also carries revocations,
        which must not wait for a file. A door without any secret refuses every call.
        """
        self._known = {}
        self._seen = {reference: self._standing(reference) for reference in references}
        for reference in self._seen:
            self._take(reference)

    def look(self) -> bool:
        """Read files again that are not as they were; whether any secret is another now.

        One that cannot be read any more is logged, and its last content stays until the next
        document: a file that is rewritten in place is empty for a moment.
        """
        before = dict(self._known)
        for reference, seen in self._seen.items():
            standing = self._standing(reference)
            if standing != seen:
                self._seen[reference] = standing
                self._take(reference, again=seen == _AGAIN)
        return before != self._known

    def of(self, references: Sequence[str]) -> tuple[bytes, ...]:
        """Those that could be read, in the order of the references."""
        return tuple(self._known[each] for each in references if each in self._known)

    def _take(self, reference: str, *, again: bool = False) -> None:
        try:
            self._known[reference] = _read(reference, self._folder)
        except (ContractError, OSError) as error:
            if not again:  # said once, not every second
                log.error("shopify_secret_unreadable", reference=reference[:120], error=_say(error))
            if isinstance(error, OSError) and self._seen[reference] is not None:
                self._seen[reference] = _AGAIN

    def _standing(self, reference: str) -> _Standing:
        """What tells that a file was written to, without reading it."""
        try:
            kind, name = parse_secret_reference(reference)
            status = (self._folder / name).stat() if kind == "file" else None
        except (ContractError, OSError):
            return None
        # The time of its last change of any kind: who owns it decides whether it can be read.
        return status and (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


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
