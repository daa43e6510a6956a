"""The published documents in an evidence file: signed, whole, and entered in the register."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from control_plane.audit.offline.notes import Unproven
from control_plane.decisions.offline.events import Events

# As bentos.contract.documents.signing_input: the context, then the header without its signature.
SIGNING_CONTEXT = b"signalbox document v1\n"
KEY_ID_LENGTH = 16
_MEMBERS = {"header", "signature", "body"}


class DocumentKeys:
    """Public keys that documents may be signed with, by key id."""

    def __init__(self, keys: list[Ed25519PublicKey]) -> None:
        self._keys = {
            hashlib.sha256(key.public_bytes_raw()).hexdigest()[:KEY_ID_LENGTH]: key for key in keys
        }

    def verify(self, key_id: Any, signature: str, message: bytes) -> None:
        """Raise Unproven for an unknown key or a wrong signature."""
        key = self._keys.get(key_id)
        if key is None:
            raise Unproven("documents: signed with a key that was not given")
        try:
            data = base64.b64decode(signature, validate=True)
            if base64.b64encode(data).decode() != signature:
                raise ValueError(signature)
            key.verify(data, message)
        except (InvalidSignature, ValueError, TypeError) as error:
            raise Unproven("documents: the signature does not fit the header") from error


@dataclass(frozen=True)
class Document:
    """A body and what was told of its publication."""

    revision: list[int]
    body: dict[str, Any]
    published: dict[str, Any]


def read_document_keys(paths: list[Path]) -> DocumentKeys:
    """PEM files; raises Unproven."""
    found = []
    for path in paths:
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise Unproven(f"key: expected a PEM public key in {path}") from error
        if not isinstance(key, Ed25519PublicKey):
            raise Unproven(f"key: expected an Ed25519 key in {path}")
        found.append(key)
    return DocumentKeys(found)


def check_documents(given: list[Any], keys: DocumentKeys, events: Events) -> dict[str, Document]:
    """Name → document; raises Unproven."""
    found = {}
    for each in given:
        if not isinstance(each, dict) or each.keys() != _MEMBERS:
            raise Unproven("documents: expected header, signature and body")
        if not all(isinstance(value, str) for value in each.values()):
            raise Unproven("documents: expected texts")
        name, document = _checked(each, keys, events)
        if name in found:
            raise Unproven(f"documents: {name} stands here twice")
        found[name] = document
    return found


def _checked(each: dict[str, str], keys: DocumentKeys, events: Events) -> tuple[str, Document]:
    try:
        header = json.loads(each["header"])
        body = json.loads(each["body"])
        name, revision = str(header["name"]), [int(each) for each in header["revision"]]
        key_id, digest, size, at = (header[n] for n in ("key_id", "digest", "size", "at"))
    except (ValueError, KeyError, TypeError) as error:
        raise Unproven("documents: a header or body is no JSON object") from error
    keys.verify(key_id, each["signature"], SIGNING_CONTEXT + each["header"].encode())
    data = each["body"].encode()
    if hashlib.sha256(data).hexdigest() != digest or len(data) != size:
        raise Unproven(f"documents: the body of {name} is not the one its header names")
    event = events.take_one("document:publish", f"document:{name}")
    told = {"digest": digest, "revision": ".".join(map(str, revision))}
    for member, value in told.items():
        if event["diff"][member][1] != value:
            raise Unproven(f"documents: the register tells of another {member} of {name}")
    return name, Document(revision, body, told | {"at": at, "event": event["seq"]})
