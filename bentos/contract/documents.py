"""The five signed documents the gateway lives on (contract §3).

A header travels on the stream; the body is fetched by digest, checked against the header
and the header's signature, and only then swapped in. Signing itself (Ed25519) is done by
whoever holds a crypto library: this file says which bytes are signed.
"""

import re
from enum import StrEnum
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.attributes import AttributeType
from bentos.contract.errors import ContractError, from_decoding
from bentos.contract.features import FeatureSchema
from bentos.contract.route import FEATURE_PREFIX
from bentos.contract.signature import ModelSignature

SIGNING_CONTEXT = b"signalbox document v1\n"
HEARTBEAT_SECONDS = 1.0
STREAM_READ_TIMEOUT_SECONDS = 1.5
BACKSTOP_SECONDS = 10.0
# A body up to this size travels with its header on the stream; a larger one is fetched.
INLINE_BODY_BYTES = 64 * 1024
_REVISION = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})")


class DocumentName(StrEnum):
    """The five documents; all five on disk = a gateway starts with no control plane."""

    KILL = "kill"
    ROUTES = "routes"
    ENDPOINTS = "endpoints"
    SCHEMAS = "schemas"
    KEYS = "keys"


class Revision(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Ordered (epoch, number). Restoring a backup bumps the epoch."""

    epoch: int
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"


def parse_revision(text: str) -> Revision:
    """Read ``"<epoch>.<number>"``; raises ContractError."""
    match = _REVISION.fullmatch(text)
    if match is None:
        raise ContractError("revision", "<epoch>.<number>", text)
    return Revision(int(match[1]), int(match[2]))


class DocumentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What the stream announces. ``digest`` is SHA-256 hex of the body's bytes; ``signature``
    is base64 Ed25519 over ``signing_input``; ``at`` is RFC 3339 UTC."""

    name: DocumentName
    revision: Revision
    digest: str
    size: int
    at: str
    key_id: str
    signature: str = ""
    schema: int = 1


class Announcement(DocumentHeader, frozen=True, kw_only=True):
    """A header with its body's text, if the body is small: nothing need be fetched then.

    ``body`` is no part of what is signed; its bytes are checked against ``digest`` as fetched
    ones are. Whoever does not know the member fetches by digest.
    """

    body: str | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, header: DocumentHeader, body: bytes) -> "Announcement":
        """Put a body beside its header."""
        return cls(**_members(header), body=body.decode())

    def header(self) -> DocumentHeader:
        """The header alone, as it was signed."""
        return DocumentHeader(**{n: v for n, v in _members(self).items() if n != "body"})


def _members(header: DocumentHeader) -> dict[str, Any]:
    return {name: getattr(header, name) for name in header.__struct_fields__}


def signing_input(header: DocumentHeader) -> bytes:
    """The bytes the signature covers: every member of the header but the signature."""
    members = canonical.as_builtins(header)
    del members["signature"]
    return SIGNING_CONTEXT + canonical.canonical_json(members)


class KillEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One kill: ``version`` is forced until ``expires_at`` (RFC 3339; null: until cleared)."""

    id: str
    version: str
    reason: str
    expires_at: str | None = None


class KillBody(msgspec.Struct, frozen=True, kw_only=True):
    """model → forced version. Obeyed before anything else."""

    models: dict[str, KillEntry] = {}
    schema: int = 1


class RoutesBody(msgspec.Struct, frozen=True, kw_only=True):
    """A GrowthBook payload: feature ``model.<name>`` with RouteValue values."""

    features: dict[str, Any] = {}
    schema: int = 1


class EndpointsBody(msgspec.Struct, frozen=True, kw_only=True):
    """version → addresses (``unix:/path`` or ``http://host:port``); only versions that are warm."""

    versions: dict[str, tuple[str, ...]] = {}
    schema: int = 1


class VersionSchema(msgspec.Struct, frozen=True, kw_only=True):
    """Which signature and feature schema (by digest) a version was registered with."""

    model: str
    signature: str
    features: str


class SchemasBody(msgspec.Struct, frozen=True, kw_only=True):
    """Signatures and feature schemas by digest, versions pointing at them, declared attributes.

    ``current`` names the signature callers of each model see.
    """

    signatures: dict[str, ModelSignature] = {}
    features: dict[str, FeatureSchema] = {}
    versions: dict[str, VersionSchema] = {}
    current: dict[str, str] = {}
    attributes: dict[str, AttributeType] = {}
    schema: int = 1


class CallerKey(msgspec.Struct, frozen=True, kw_only=True):
    """One caller's key: only the SHA-256 hex of its secret. ``models`` ["*"] means all.

    ``scopes``: ``infer`` to call, ``pin`` to choose a version. ``rate`` is requests per second.

    A publishable key lies readable in a theme: its one scope is ``browser``, it calls from the
    web pages of its ``origins`` alone and names each of its models. Gateways older than that
    scope refuse it.
    """

    digest: str
    shop: str
    name: str
    models: tuple[str, ...] = ("*",)
    scopes: tuple[str, ...] = ("infer",)
    rate: int | None = None
    expires_at: str | None = None
    origins: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class ShopifyApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app in a shop's admin, whose client secret signs storefront and checkout calls.

    ``domain`` is ``<store>.myshopify.com``. ``secrets`` are references, never secrets
    (``shopify.parse_secret_reference``): one, or two while rotating. Each door reaches the
    models it names and no others; ``rate`` is requests per second of each door.
    """

    shop: str
    domain: str
    secrets: tuple[str, ...]
    proxy_models: tuple[str, ...] = ()
    checkout_models: tuple[str, ...] = ()
    rate: int | None = None


class KeysBody(msgspec.Struct, frozen=True, kw_only=True):
    """Key id → caller's key, client id → Shopify app."""

    keys: dict[str, CallerKey] = {}
    shopify: dict[str, ShopifyApp] | msgspec.UnsetType = msgspec.UNSET
    schema: int = 1


BODY_TYPES: dict[DocumentName, type[Any]] = {
    DocumentName.KILL: KillBody,
    DocumentName.ROUTES: RoutesBody,
    DocumentName.ENDPOINTS: EndpointsBody,
    DocumentName.SCHEMAS: SchemasBody,
    DocumentName.KEYS: KeysBody,
}


def encode_body(body: Any) -> bytes:
    """Canonical bytes of a document's body; equal bodies have equal digests."""
    return canonical.canonical_json(canonical.as_builtins(body))


def decode_body(name: DocumentName, data: bytes) -> Any:
    """Decode a body into its type; raises ContractError for anything that is not one.

    What a body says of itself holds: a digest named in ``schemas`` is in ``schemas``, a
    model's feature in ``routes`` has the shape of a route.
    """
    try:
        body = msgspec.json.decode(data, type=BODY_TYPES[name])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoding(error, f"document {name.value}", "a valid body") from error
    if isinstance(body, SchemasBody):
        _check_references(body)
    elif isinstance(body, RoutesBody):
        _check_features(body)
    return body


def _check_references(body: SchemasBody) -> None:
    root = "document schemas"
    for model, digest in body.current.items():
        if digest not in body.signatures:
            raise ContractError(f"{root}.current.{model}", "a signature in signatures", digest)
    for version, entry in body.versions.items():
        field = f"{root}.versions.{version}"
        if entry.signature not in body.signatures:
            raise ContractError(f"{field}.signature", "one in signatures", entry.signature)
        if entry.features not in body.features:
            raise ContractError(f"{field}.features", "one in features", entry.features)


def _check_features(body: RoutesBody) -> None:
    for key, feature in body.features.items():
        if not key.startswith(FEATURE_PREFIX):
            continue
        field = f"document routes.features.{key}"
        if not isinstance(feature, dict):
            raise ContractError(field, "a GrowthBook feature", feature)
        rules = feature.get("rules", [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ContractError(f"{field}.rules", "a list of objects", rules)
        values = [feature.get("defaultValue")]
        for rule in rules:
            variations = rule.get("variations", [])
            if not isinstance(variations, list):
                raise ContractError(f"{field}.rules", "a list of variations", variations)
            values += variations
            values += [rule["force"]] if "force" in rule else []
        for value in values:
            _check_route_value(value, field)


def _check_route_value(value: Any, field: str) -> None:
    # Members added later are let through: neighbouring releases work together.
    shadow = value.get("shadow", []) if isinstance(value, dict) else None
    versions = [value.get("serve"), *shadow] if isinstance(shadow, list) else [None]
    if not all(isinstance(version, str) and version for version in versions):
        raise ContractError(field, '{"serve": version, "shadow": [version …]}', value)
