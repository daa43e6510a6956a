"""The contract's golden files: what the same records looked like when they were agreed on.

    python -m tests.golden.regenerate

writes them anew. Do that only when a change of the contract is meant: old segments,
signatures and proofs in the field were made with the bytes that are there now.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from bentos.contract import canonical, decision, documents, merkle, oip, register, route, segment
from bentos.contract.bento_digest import bento_digest
from bentos.contract.datatype import Datatype
from bentos.contract.documents import DocumentHeader, DocumentName, Revision
from bentos.contract.identity import Pseudonymizer
from bentos.contract.oip import InferRequest, InferResponse, Tensor, WantedOutput
from bentos.contract.register import Action
from tests.brief_decisions import brief_of, context_of
from tests.golden.features import online_store_file
from tests.golden.records import (
    BODIES,
    DECISION,
    EVENT,
    MANIFEST,
    PERSONAL,
    ROUTES,
    SCHEMA,
    SHADOW,
    SIGNATURE,
)

GOLDEN = Path(__file__).resolve().parent
# A key for these files alone: 32 bytes that nobody keeps a secret.
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PSEUDONYM_KEY = bytes(range(32, 64))


def signed_header(name: DocumentName, data: bytes, number: int) -> DocumentHeader:
    """A header over a body's bytes, signed with the key of these files."""
    members: dict[str, Any] = {
        "name": name,
        "revision": Revision(1, number),
        "digest": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "at": "2026-11-22T08:30:00.000000Z",
        "key_id": "documents-1",
    }
    signature = SIGNING_KEY.sign(documents.signing_input(DocumentHeader(**members)))
    return DocumentHeader(**members, signature=canonical.as_builtins(signature))


def segment_bytes(*decision_frames: segment.Frame | segment.BriefFrame) -> bytes:
    """A closed segment of one decision and one shadow outcome."""
    header = segment.SegmentHeader(
        gateway=DECISION.gateway,
        boot=DECISION.boot,
        first_seq=DECISION.seq,
        opened_at="2026-11-22T08:29:59.000000Z",
    )
    frames = (header, *decision_frames, segment.ShadowFrame(SHADOW))
    return segment.MAGIC + b"".join(segment.encode_frame(frame) for frame in frames)


def documents_file() -> dict[str, Any]:
    public = SIGNING_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    found = {}
    for number, (name, body) in enumerate(BODIES.items(), start=1):
        data = documents.encode_body(body)
        header = signed_header(name, data, number)
        found[name.value] = {
            "header": canonical.as_builtins(header),
            "signing_input": documents.signing_input(header).decode(),
            "body": data.decode(),
        }
    return {"public_key": public.decode(), "documents": found}


def decision_file() -> dict[str, Any]:
    return {
        "public": canonical.as_builtins(DECISION),
        "personal": canonical.as_builtins(PERSONAL),
        "commitment": decision.commitment(PERSONAL),
        "leaf": decision.leaf(DECISION).hex(),
        "shadow": canonical.as_builtins(SHADOW),
    }


def register_file() -> dict[str, Any]:
    return {
        "event": canonical.as_builtins(EVENT),
        "leaf": register.leaf(EVENT).hex(),
        "actions": sorted(Action),
    }


def manifest_file() -> dict[str, Any]:
    return {
        "manifest": canonical.as_builtins(MANIFEST),
        "digest": MANIFEST.digest(),
        "signature_digest": SIGNATURE.digest(),
        "schema_digest": SCHEMA.digest(),
    }


def route_file() -> dict[str, Any]:
    return {
        "routes": canonical.as_builtins(ROUTES),
        "features": route.compile_features(ROUTES),
    }


def segment_file() -> dict[str, Any]:
    """As the first releases wrote a decision."""
    data = segment_bytes(segment.DecisionFrame(DECISION, PERSONAL))
    leaf = decision.leaf(DECISION)
    return {"bytes": data.hex(), "frames": 3, "root": merkle.merkle_root([leaf]).hex()}


def brief_segment_file() -> dict[str, Any]:
    """As a decision is written now."""
    rows = {name: [value] for name, value in {"order_value": 12.5, "note": "naïve 😀"}.items()}
    personal = structs.replace(PERSONAL, inputs=rows)
    promise, at = decision.commitment(personal), "2026-11-22T08:30:00.123456+00:00"
    whole = structs.replace(DECISION, at=at, commitment=promise)
    data = segment_bytes(context_of(whole, personal, 0), brief_of(whole, personal, 0))
    root = merkle.merkle_root([decision.leaf(whole)]).hex()
    return {"bytes": data.hex(), "frames": 3, "root": root}


def pseudonym_file() -> dict[str, Any]:
    pseudonymizer = Pseudonymizer("k1", PSEUDONYM_KEY)
    cases = [
        ("demo-shop", "browser", "b-1"),
        ("demo-shop", "customer", "b-1"),
        ("other-shop", "browser", "b-1"),
        ("demo-shop", "browser", "naïve 😀"),
        ("demo-shop", "browser", ""),
    ]
    vectors = [[*case, pseudonymizer.pseudonym(*case)] for case in cases]
    return {"key": PSEUDONYM_KEY.hex(), "vectors": vectors}


def oip_file() -> dict[str, Any]:
    values = Tensor(name="x", shape=(1, 2), datatype=Datatype.FP32, raw=b"\0\0\x80?\0\0\0@")
    names = Tensor(name="who", shape=(1,), datatype=Datatype.BYTES, data=["ä"])
    messages: dict[str, InferRequest | InferResponse] = {
        "request": InferRequest(
            inputs=[values, names],
            id="r-1",
            parameters={"targeting_key": "b-1", "attr.country": "DE", "timeout": 200000},
            outputs=[WantedOutput("probability", {"binary_data": True})],
        ),
        "response": InferResponse(
            model_name="fraud",
            model_version="20261122-1a2b3c4d",
            id="r-1",
            outputs=[values],
            parameters={"decision_id": DECISION.decision_id, "revision": "1.17"},
        ),
    }
    encoded = {name: oip.encode(message) for name, message in messages.items()}
    return {name: {"body": body.hex(), "json": size} for name, (body, size) in encoded.items()}


def bento_digest_file() -> dict[str, Any]:
    files = {"src/service.py": b"pass\n", "models/fraud.onnx": b"\x08\x09", "empty": b""}
    return {
        "files": {path: content.hex() for path, content in files.items()},
        "digest": bento_digest(files),
    }


FILES = {
    "documents.json": documents_file,
    "decision.json": decision_file,
    "register.json": register_file,
    "manifest.json": manifest_file,
    "route.json": route_file,
    "segment.json": segment_file,
    "brief_segment.json": brief_segment_file,
    "pseudonym.json": pseudonym_file,
    "oip.json": oip_file,
    "bento_digest.json": bento_digest_file,
    "online_store.json": online_store_file,
}


def render(name: str) -> str:
    """A golden file's text, recomputed."""
    return json.dumps(FILES[name](), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every golden file anew."""
    for name in FILES:
        fresh = GOLDEN / f"{name}.new"
        fresh.write_text(render(name), encoding="utf-8")
        fresh.replace(GOLDEN / name)


if __name__ == "__main__":
    main()
