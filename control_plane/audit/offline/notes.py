"""Signed notes and checkpoints: C2SP signed-note, tlog-checkpoint, tlog-cosignature (Ed25519)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

LOG, COSIGNATURE = 0x01, 0x04
"""Signature types: Ed25519 over the text; a witness's, with the time."""
MAX_NOTE_BYTES, MAX_SIGNATURES = 64 * 1024, 64
ID_BYTES, KEY_BYTES, TIME_BYTES, HASH_BYTES = 4, 32, 8, 32


class Unproven(Exception):
    """Something does not fit; the message says what."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name it signs as. ``kind``: LOG or COSIGNATURE."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ 0x0A ‖ kind ‖ public key), its first 4 bytes (C2SP signed-note)."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(material).digest()[:ID_BYTES]

    def __str__(self) -> str:
        """The vkey: ``name+hex(key id)+base64(kind ‖ public key)``."""
        encoded = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True)
class Signature:
    """One signature line; ``data`` follows the key id."""

    name: str
    key_id: bytes
    data: bytes
    line: str


@dataclass(frozen=True)
class Note:
    """``text`` ends with a newline; the blank line after it belongs to neither part."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A log's size and root (32 bytes)."""

    origin: str
    size: int
    root: bytes


def parse_vkey(text: str) -> VerifierKey:
    """Read a vkey; raises Unproven when it is none or its id is not its own."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        material = base64.b64decode(encoded, validate=True)
        key = VerifierKey(name, material[0], material[1:])
    except (ValueError, IndexError) as error:
        raise Unproven(f"key: expected name+id+base64, got {text[:80]!r}") from error
    good = key.kind in (LOG, COSIGNATURE) and len(key.public) == KEY_BYTES and key.name
    if not good or key.key_id.hex() != key_id:
        raise Unproven(f"key: {name} is no Ed25519 key, or its id is not its own")
    return key


def parse_note(text: str) -> Note:
    """Split a signed note; raises Unproven when it is none. Nothing is verified."""
    if len(text.encode()) > MAX_NOTE_BYTES:
        raise Unproven(f"note: expected at most {MAX_NOTE_BYTES} bytes")
    if any(ord(each) < ord(" ") and each != "\n" for each in text):
        raise Unproven("note: it has control characters")
    body, blank, tail = text.rpartition("\n\n")
    lines = tail.split("\n")
    if not (blank and body) or lines[-1] or not 1 <= len(lines) - 1 <= MAX_SIGNATURES:
        raise Unproven("note: expected a text, a blank line and signature lines")
    return Note(body + "\n", tuple(_signature(line) for line in lines[:-1]))


def _signature(line: str) -> Signature:
    try:
        dash, name, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise Unproven(f"note: {line[:80]!r} is no signature line") from error
    if dash != "—" or not name or "+" in name or len(data) <= ID_BYTES:
        raise Unproven(f"note: {line[:80]!r} is no signature line")
    return Signature(name, data[:ID_BYTES], data[ID_BYTES:], line)


def signed_at(note: Note, key: VerifierKey) -> int | None:
    """When ``key`` signed the note (seconds since 1970; 0 for a log, which does not say).

    None when it did not. Raises Unproven when a line bears the key's name and id and is wrong.
    """
    found = None
    for signature in note.signatures:
        if (signature.name, signature.key_id) == (key.name, key.key_id):
            found = _verify(note.text, key, signature.data)
    return found


def _verify(text: str, key: VerifierKey, data: bytes) -> int:
    message, at, signature = text.encode(), 0, data
    if key.kind == COSIGNATURE:
        at = int.from_bytes(data[:TIME_BYTES], "big")
        message, signature = cosigned_message(text, at), data[TIME_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature as error:
        raise Unproven(f"the signature of {key.name} does not fit the note") from error
    return at


def cosigned_message(text: str, at: int) -> bytes:
    """What a witness signs (C2SP tlog-cosignature, Ed25519)."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a note's text as a checkpoint; raises Unproven. Lines after the third are let be."""
    try:
        origin, size, root = text.split("\n")[:3]
        if not origin or not size.isascii() or str(int(size)) != size or int(size) < 0:
            raise ValueError(size)
        decoded = parse_hash(root)
    except ValueError as error:
        raise Unproven("checkpoint: expected origin, size and root, a line each") from error
    return Checkpoint(origin, int(size), decoded)


def parse_hash(encoded: str) -> bytes:
    """32 bytes of base64; raises ValueError for anything else."""
    value = base64.b64decode(encoded, validate=True)
    if len(value) != HASH_BYTES:
        raise ValueError(encoded)
    return value


class Policy:
    """Whose signatures must be under a checkpoint: the log's, and every witness's."""

    def __init__(self, log: VerifierKey | bytes, witnesses: Sequence[VerifierKey] = ()) -> None:
        self._log = log
        self._witnesses = witnesses

    def check(self, text: str) -> tuple[Checkpoint, dict[str, int]]:
        """The checkpoint of a note and when each witness saw it; raises Unproven."""
        note = parse_note(text)
        checkpoint = parse_checkpoint(note.text)
        # A bare public key signs under whatever origin it wrote itself.
        log = self._log
        key = VerifierKey(checkpoint.origin, LOG, log) if isinstance(log, bytes) else log
        if key.name != checkpoint.origin:
            raise Unproven(f"checkpoint: expected one of {key.name}, got {checkpoint.origin}")
        if key.kind != LOG or signed_at(note, key) is None:
            raise Unproven(f"checkpoint: it is not signed by the key of {key.name}")
        seen = {}
        for witness in self._witnesses:
            at = signed_at(note, witness)
            if at is None or witness.kind != COSIGNATURE:
                raise Unproven(f"checkpoint: the witness {witness.name} did not sign it")
            seen[witness.name] = at
        return checkpoint, seen


def read_key(given: str) -> VerifierKey | bytes:
    """A vkey, or a file with one or with a PEM public key; raises Unproven."""
    try:
        text = given if "+" in given and not Path(given).exists() else Path(given).read_text()
        if "BEGIN PUBLIC KEY" not in text:
            return parse_vkey(text)
        key = load_pem_public_key(text.encode())
    except (OSError, ValueError) as error:
        raise Unproven(f"key: expected a vkey or a file with a public key, got {given}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Unproven(f"key: expected an Ed25519 key, got {type(key).__name__}")
    return key.public_bytes_raw()
