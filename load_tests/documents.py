"""The five signed documents and the keys a gateway starts with when there is no control plane."""

import hashlib
import secrets
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bentos.contract.documents import (
    CallerKey,
    DocumentHeader,
    DocumentName,
    EndpointsBody,
    KeysBody,
    KillBody,
    Revision,
    RoutesBody,
    SchemasBody,
    VersionSchema,
    encode_body,
    signing_input,
)
from bentos.contract.features import FeatureSchema
from bentos.contract.route import CanaryRule, Route, compile_features, weight_to_buckets
from bentos.contract.signature import ModelSignature

KEY_ID = "bench"
RELEASE_ID = "bench-release"


def write_gateway_home(
    home: Path,
    shop: str,
    signature: ModelSignature,
    schema: FeatureSchema,
    addresses: dict[str, str],
    canary_weight: float,
) -> str:
    """Fill ``home`` so that a gateway serves ``addresses`` (version → address), the first
    version stable and the second a canary at ``canary_weight``; returns a caller's API key."""
    stable, candidate = addresses
    canary = CanaryRule(
        release_id=RELEASE_ID,
        step=0,
        candidate=candidate,
        buckets=weight_to_buckets(canary_weight),
    )
    key, keys = make_caller(shop)
    entry = VersionSchema(
        model=signature.model, signature=signature.digest(), features=schema.digest()
    )
    bodies: dict[DocumentName, Any] = {
        DocumentName.KILL: KillBody(),
        DocumentName.ROUTES: RoutesBody(
            features=compile_features((Route(model=signature.model, stable=stable, canary=canary),))
        ),
        DocumentName.ENDPOINTS: EndpointsBody(
            versions={version: (address,) for version, address in addresses.items()}
        ),
        DocumentName.SCHEMAS: SchemasBody(
            signatures={signature.digest(): signature},
            features={schema.digest(): schema},
            versions=dict.fromkeys(addresses, entry),
            current={signature.model: signature.digest()},
        ),
        DocumentName.KEYS: keys,
    }
    write_home(home, bodies)
    return key


def make_caller(shop: str, rate: int | None = None) -> tuple[str, KeysBody]:
    """A caller's API key, and the keys document that knows it; ``rate`` is requests per second."""
    caller_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    caller = CallerKey(digest=digest, shop=shop, name="bench", rate=rate)
    return f"sbx_{caller_id}_{secret}", KeysBody(keys={caller_id: caller})


def write_home(home: Path, bodies: dict[DocumentName, Any]) -> None:
    """Fill ``home`` with fresh keys and the signed documents of ``bodies``."""
    _write_documents(home / "gateway" / "documents", _write_keys(home / "keys"), bodies)


def _write_keys(folder: Path) -> Ed25519PrivateKey:
    folder.mkdir(parents=True)
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "documents.pub").write_bytes(public)
    for name, data in (
        ("documents.key", private),
        ("pseudonym.key", secrets.token_hex(32).encode()),
        ("gateway.key", f"sbx_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}\n".encode()),
    ):
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)
    return key


def _write_documents(folder: Path, key: Ed25519PrivateKey, bodies: dict[DocumentName, Any]) -> None:
    folder.mkdir(parents=True)
    for number, (name, body) in enumerate(bodies.items(), start=1):
        data = encode_body(body)
        header = DocumentHeader(
            name=name,
            revision=Revision(1, number),
            digest=hashlib.sha256(data).hexdigest(),
            size=len(data),
            at=datetime.now(UTC).isoformat(),
            key_id=KEY_ID,
        )
        signature = b64encode(key.sign(signing_input(header))).decode()
        signed = msgspec.structs.replace(header, signature=signature)
        (folder / f"{name.value}.body").write_bytes(data)
        (folder / f"{name.value}.header.json").write_bytes(msgspec.json.encode(signed))
