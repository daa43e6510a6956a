"""The five signed documents and the keys a gateway starts with when there is no control plane."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
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
    load_pem_private_key,
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


@dataclass(frozen=True)
class ServedModel:
    """A model of a gateway without a control plane.

    ``addresses`` maps versions to where they are: the first is stable, the second, if there is
    one, a canary at ``canary_weight``. ``shadows`` get a copy of everything stable answers.
    """

    signature: ModelSignature
    schema: FeatureSchema
    addresses: dict[str, str]
    canary_weight: float = 0.0
    shadows: dict[str, str] = field(default_factory=dict)

    def route(self) -> Route:
        """Where its requests go."""
        stable, *candidates = self.addresses
        canary = None
        if candidates:
            canary = CanaryRule(
                release_id=RELEASE_ID,
                step=0,
                candidate=candidates[0],
                buckets=weight_to_buckets(self.canary_weight),
            )
        return Route(
            model=self.signature.model, stable=stable, canary=canary, shadow=tuple(self.shadows)
        )


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
    return write_models_home(home, shop, [ServedModel(signature, schema, addresses, canary_weight)])


def write_models_home(home: Path, shop: str, models: Sequence[ServedModel]) -> str:
    """Fill ``home`` so that a gateway serves ``models``; returns a caller's API key."""
    key, keys = make_caller(shop)
    bodies: dict[DocumentName, Any] = {
        DocumentName.KILL: KillBody(),
        DocumentName.ROUTES: RoutesBody(
            features=compile_features(tuple(model.route() for model in models))
        ),
        DocumentName.ENDPOINTS: EndpointsBody(
            versions={
                version: (address,)
                for model in models
                for version, address in (*model.addresses.items(), *model.shadows.items())
            }
        ),
        DocumentName.SCHEMAS: _schemas(models),
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


def write_documents(home: Path, bodies: dict[DocumentName, Any]) -> None:
    """Sign the documents of ``bodies`` with the key a home has already."""
    _write_documents(home / "gateway" / "documents", _key_of(home), bodies)


def _schemas(models: Sequence[ServedModel]) -> SchemasBody:
    return SchemasBody(
        signatures={model.signature.digest(): model.signature for model in models},
        features={model.schema.digest(): model.schema for model in models},
        versions={
            version: VersionSchema(
                model=model.signature.model,
                signature=model.signature.digest(),
                features=model.schema.digest(),
            )
            for model in models
            for version in (*model.addresses, *model.shadows)
        },
        current={model.signature.model: model.signature.digest() for model in models},
    )


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


def publish_document(home: Path, name: DocumentName, body: Any) -> None:
    """Replace one document on a gateway's disk by a newer one: workers that start read it."""
    folder = home / "gateway" / "documents"
    last = msgspec.json.decode(
        (folder / f"{name.value}.header.json").read_bytes(), type=DocumentHeader
    )
    key = _key_of(home)
    revision = Revision(last.revision.epoch, last.revision.number + len(DocumentName))
    _write_document(folder, key, name, body, revision)


def _key_of(home: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key((home / "keys" / "documents.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _write_documents(folder: Path, key: Ed25519PrivateKey, bodies: dict[DocumentName, Any]) -> None:
    folder.mkdir(parents=True)
    for number, (name, body) in enumerate(bodies.items(), start=1):
        _write_document(folder, key, name, body, Revision(1, number))


def _write_document(
    folder: Path, key: Ed25519PrivateKey, name: DocumentName, body: Any, revision: Revision
) -> None:
    data = encode_body(body)
    header = DocumentHeader(
        name=name,
        revision=revision,
        digest=hashlib.sha256(data).hexdigest(),
        size=len(data),
        at=datetime.now(UTC).isoformat(),
        key_id=KEY_ID,
    )
    signature = b64encode(key.sign(signing_input(header))).decode()
    signed = msgspec.structs.replace(header, signature=signature)
    (folder / f"{name.value}.body").write_bytes(data)
    (folder / f"{name.value}.header.json").write_bytes(msgspec.json.encode(signed))
