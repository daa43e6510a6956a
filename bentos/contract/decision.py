"""The record of one routed request, whatever became of it (contract §5).

Public and personal part are hashed apart: the leaf covers the public part only, which
commits to the personal part through a salted hash. Dropping a personal row and its salt
(erasure) therefore breaks no proof. Hashing is the shipper's work, not the request's.
"""

import hashlib
import re
from enum import StrEnum
from typing import Any

import msgspec

from bentos.contract import canonical, merkle
from bentos.contract.documents import Revision
from bentos.contract.errors import ContractError

SCHEMA_VERSION = 1
SALT_HEX = re.compile(r"[0-9a-f]{32}")


class Reason(StrEnum):
    """Why this version was assigned, or what became of the request."""

    STATIC = "STATIC"
    SPLIT = "SPLIT"
    TARGETING_MATCH = "TARGETING_MATCH"
    FALLBACK = "FALLBACK"
    BUDGET = "BUDGET"
    KILLED = "KILLED"
    PINNED = "PINNED"
    SHED = "SHED"
    DEADLINE = "DEADLINE"
    ERROR = "ERROR"


class Latency(msgspec.Struct, frozen=True, array_like=True):
    """Microseconds: total, assembling features, waiting in the lane's queue, in the bento."""

    total: int
    features: int
    queue: int
    lane: int


class PersonalPart(msgspec.Struct, frozen=True, kw_only=True):
    """What erasure removes. ``salt`` is 16 random bytes in hex; inputs are after redaction.

    ``subject`` and ``entities`` are pseudonyms made under ``pseudonym_key_id``. ``entities``
    maps an entity's kind to its pseudonym; where rows are about several of one kind, to one per
    row, separated by spaces, ``-`` for a row that names none.
    """

    subject: str | None
    pseudonym_key_id: str
    entities: dict[str, str]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    attributes: dict[str, Any]
    salt: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The public part. ``seq`` is gapless per (gateway, boot), so loss shows.

    ``assigned_version`` and ``served_version`` differ on fallback; statistics use assigned
    (intention to treat). ``bucket`` is 0…9999 where an experiment decided, else null.
    ``commitment`` is SHA-256 hex over salt ‖ JCS(personal part), "" until the shipper ran.
    ``personalised`` is false where consent was missing, and absent everywhere else.
    """

    decision_id: str
    shop: str
    at: str
    gateway: str
    boot: str
    seq: int
    model: str
    release_id: str | None
    step: int | None
    revision: Revision
    assigned_version: str | None
    served_version: str | None
    variant: str
    reason: Reason
    bucket: int | None
    status: int
    rows: int
    latency_us: Latency
    batch_rows: int
    feature_age_s: float | None
    schema_digest: str | None
    commitment: str = ""
    personalised: bool | msgspec.UnsetType = msgspec.UNSET
    schema: int = SCHEMA_VERSION


class ShadowOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow version answered to the request of one decision.

    ``comparison`` holds one number per output: the largest absolute difference for numbers,
    the share of equal elements for everything else; further measures under ``<output>.<name>``.
    ``agrees`` is null where none was made. ``status`` is ``ok``, ``skipped_size`` or why there
    is no answer.
    """

    decision_id: str
    version: str
    status: str
    latency_us: int
    outputs: dict[str, Any]
    comparison: dict[str, float]
    agrees: bool | None
    schema: int = SCHEMA_VERSION


def commitment(personal: PersonalPart) -> str:
    """SHA-256 hex over salt ‖ JCS(personal part); ContractError if that has no canonical form."""
    if not SALT_HEX.fullmatch(personal.salt):
        raise ContractError("personal.salt", "32 hex digits", personal.salt)
    data = bytes.fromhex(personal.salt) + canonical.canonical_json(canonical.as_builtins(personal))
    return hashlib.sha256(data).hexdigest()


def leaf(decision: Decision) -> bytes:
    """SHA-256(0x00 ‖ JCS(public part)), 32 bytes; ContractError without a commitment."""
    if not decision.commitment:
        raise ContractError("decision.commitment", "to be filled in before hashing", "")
    return merkle.leaf_hash(canonical.canonical_json(canonical.as_builtins(decision)))
