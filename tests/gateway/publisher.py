"""Documents as the control plane would publish them."""

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bentos.contract import documents
from bentos.contract.documents import DocumentHeader, DocumentName, Revision


class Publisher:
    """Signs documents as the control plane would."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.key = Ed25519PrivateKey.generate()
        self.number = 0
        keys = home / "keys"
        keys.mkdir(parents=True)
        public = self.key.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (keys / "documents.pub").write_bytes(pem)
        (keys / "pseudonym.key").write_text("ab" * 32)
        (keys / "gateway.key").write_text("sbx_0123456789ab_" + "g" * 43)

    def sign(self, name: DocumentName, body, revision: Revision | None = None, key=None):
        data = documents.encode_body(body)
        if revision is None:
            self.number += 1
            revision = Revision(1, self.number)
        header = DocumentHeader(
            name=name,
            revision=revision,
            digest=hashlib.sha256(data).hexdigest(),
            size=len(data),
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
            key_id="documents-1",
        )
        signature = (key or self.key).sign(documents.signing_input(header))
        header = msgspec.structs.replace(header, signature=base64.b64encode(signature).decode())
        return header, data
