"""The five documents on disk and in memory: verified, never older, swapped in whole.

Fail-closed on a document (a bad one is refused and the last good one stays), fail-open on
service (the gateway goes on with what it has).

Serving does not wait for the disk: a document is in force once it is verified and compiled,
and is kept a moment later. A gateway that dies in between finds the document before it, and
gets this one again with its first connection.
"""

import fcntl
import os
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

import msgspec
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bentos.contract.documents import (
    DocumentHeader,
    DocumentName,
    Revision,
    decode_body,
    signing_input,
)
from bentos.contract.errors import ContractError

log = structlog.get_logger(__name__)

LOCK = ".lock"
OnDocument = Callable[[DocumentName, Any, Revision], None]
Stamp = tuple[tuple[str, int, int], ...]
"""Name, inode and time of each file of a document: another one once any was written anew."""


class DocumentRefused(Exception):
    """A document that must not be used; the message says why."""


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read the control plane's document key (PEM); raises ContractError."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ContractError(
            str(path),
            "an Ed25519 public key (PEM)",
            str(error),
            "Run `signalbox init`, or copy keys/documents.pub here.",
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ContractError(str(path), "an Ed25519 public key", type(key).__name__)
    return key


class DocumentStore:
    """Last good document of each name. ``on_document`` compiles a body before it counts as
    accepted: if it raises ContractError, the document is refused and nothing changes."""

    def __init__(self, path: Path, public_key: Ed25519PublicKey, on_document: OnDocument) -> None:
        self.headers: dict[DocumentName, DocumentHeader] = {}
        self.refused = 0
        self._path = path
        self._public_key = public_key
        self._on_document = on_document
        self._unkept: dict[DocumentName, tuple[DocumentHeader, bytes]] = {}
        path.mkdir(parents=True, exist_ok=True)

    def load(self) -> None:
        """Take what is on disk; a file that does not verify is left out and logged."""
        with self._locked():
            self.look()

    def look(self) -> None:
        """The same by a reader that nobody may wait for: without the lock, which it could hold
        for as long as it gets no processor. It may see one half of a document that is being
        written, which is refused like any other that does not verify, and taken once it is whole:
        ``stamp`` changes with either half."""
        for name in DocumentName:
            self._load(name)

    def _load(self, name: DocumentName) -> None:
        header_path, body_path = self._paths(name)
        if not header_path.exists():
            return
        try:
            header = msgspec.json.decode(header_path.read_bytes(), type=DocumentHeader)
            self._take(header, body_path.read_bytes())
        except (OSError, ValueError, DocumentRefused) as error:
            log.error("document_on_disk_refused", document=name.value, error=str(error))

    def stamp(self) -> Stamp:
        """Of what is on disk now. Raises OSError."""
        found = []
        for name in DocumentName:
            for path in self._paths(name):
                with suppress(FileNotFoundError):
                    status = path.stat()
                    found.append((path.name, status.st_ino, status.st_mtime_ns))
        return tuple(found)

    @property
    def revision(self) -> Revision | None:
        """The highest revision held of any document; None before the first."""
        return max((header.revision for header in self.headers.values()), default=None)

    def wants(self, header: DocumentHeader) -> bool:
        """Whether the body is worth fetching: newer than what is held."""
        held = self.headers.get(header.name)
        return held is None or header.revision > held.revision

    def accept(self, header: DocumentHeader, body: bytes) -> None:
        """Verify, compile, swap in. ``keep`` is to follow. Raises DocumentRefused."""
        self._take(header, body)
        self._unkept[header.name] = (header, body)

    @property
    def unkept(self) -> bool:
        """Whether something in force is not on disk yet."""
        return bool(self._unkept)

    def keep(self) -> None:
        """Put on disk what is in force and not there yet; durable on return. Raises OSError.

        Takes as long as the disk does: called outside the loop's thread. The workers of a
        gateway keep the same files: whoever comes first writes, the others find it done.
        """
        for name, (header, body) in list(self._unkept.items()):
            with self._locked():
                if self._is_newer(header):
                    self._write(header, body)
            if self._unkept.get(name) == (header, body):
                del self._unkept[name]

    def _take(self, header: DocumentHeader, body: bytes) -> None:
        """Check and compile. Whatever goes wrong in there is a reason to refuse."""
        try:
            self._check(header, body)
            self._on_document(header.name, decode_body(header.name, body), header.revision)
        except Exception as error:
            self.refused += 1
            if isinstance(error, DocumentRefused):
                raise
            raise DocumentRefused(f"{header.name}: {type(error).__name__}: {error}") from error
        self.headers[header.name] = header

    def _check(self, header: DocumentHeader, body: bytes) -> None:
        held = self.headers.get(header.name)
        if held is not None and header.revision < held.revision:
            raise DocumentRefused(
                f"{header.name}: revision {header.revision} is older than {held.revision}"
            )
        self._verify(header, body)

    def _verify(self, header: DocumentHeader, body: bytes) -> None:
        if not compare_digest(sha256(body).hexdigest(), header.digest):
            raise DocumentRefused(f"{header.name}: the body does not match its digest")
        try:
            signature = b64decode(header.signature, validate=True)
            self._public_key.verify(signature, signing_input(header))
        except (InvalidSignature, ValueError) as error:
            raise DocumentRefused(f"{header.name}: wrong signature") from error

    def _is_newer(self, header: DocumentHeader) -> bool:
        """Than what is on disk, which may be another worker's, or damaged."""
        header_path, body_path = self._paths(header.name)
        try:
            kept = msgspec.json.decode(header_path.read_bytes(), type=DocumentHeader)
            self._verify(kept, body_path.read_bytes())
        except (OSError, ValueError, DocumentRefused):
            return True
        return header.revision > kept.revision

    def _write(self, header: DocumentHeader, body: bytes) -> None:
        """Body first, header last: a header on disk always has its body."""
        header_path, body_path = self._paths(header.name)
        _replace(body_path, body)
        _replace(header_path, msgspec.json.encode(header))
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, of all workers."""
        lock = os.open(self._path / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _paths(self, name: DocumentName) -> tuple[Path, Path]:
        return self._path / f"{name.value}.header.json", self._path / f"{name.value}.body"


def _replace(path: Path, data: bytes) -> None:
    # Several workers keep the same files: each writes its own temporary one.
    temporary = path.with_suffix(f"{path.suffix}.{os.getpid()}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
