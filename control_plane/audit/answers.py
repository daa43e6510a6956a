"""What is answered about the register."""

from typing import Annotated, Any

from pydantic import Field

from bentos.contract.register import Action, ActorType, Outcome
from control_plane.answer import Answer, Digest, Moment, Shown


class ActorOut(Answer):
    """Who did it."""

    type: ActorType
    id: str
    auth_method: str
    key_id: str | None


class EventOut(Answer):
    """One event, as it is hashed."""

    seq: int
    id: str
    at: Moment
    actor: ActorOut
    action: Action
    entity: str
    """What it was done to: ``release:01a2…``."""
    outcome: Outcome
    on_behalf_of: str | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    entity_revision: int | None
    before: Digest | None
    after: Digest | None
    diff: dict[str, Any]
    """Member → what it was and what it is; or what else is to be known."""
    reason: str | None
    ticket: str | None
    approvals: list[str]
    schema_: int = Field(alias="schema")


class VerificationOut(Answer):
    """What became of re-deriving the register from its rows."""

    ok: bool
    size: int
    """Events that fit."""
    root: Digest
    first_bad: int | None
    """The first that does not fit; null: all do, or only an earlier root does not."""
    problem: str | None
    anchors: int
    """Earlier roots that were met again."""


class SegmentOut(Answer):
    """A closed segment of decisions, as it was recorded."""

    gateway: str
    boot: str
    first_seq: int
    last_seq: int
    count: int
    root: Digest


class CheckpointOut(Answer):
    """The register's newest signed head."""

    origin: str
    size: int
    root: Digest
    at: Moment
    events_since: int
    keys: list[str]
    """With which to verify it: C2SP vkeys."""
    note: str
    """What was signed, with all cosignatures: C2SP tlog-checkpoint."""
    problem: str | None
    """Why nothing is signed; null: all is well."""
    copy_problem: str | None


class ConsistencyOut(Answer):
    """That the longer register begins with the shorter one."""

    old: int
    new: int
    proof: list[str]
    """Hashes as RFC 6962 has them, in base64."""


class CosignatureOut(Answer):
    """A witness's signature that is kept."""

    origin: str
    size: int
    witness: str
    seen_at: int
    """When the witness saw the checkpoint, in Unix seconds."""


Event = Annotated[dict[str, Any], Shown(EventOut)]
VerificationResult = Annotated[dict[str, Any], Shown(VerificationOut)]
RecordedSegment = Annotated[dict[str, Any], Shown(SegmentOut)]
CheckpointView = Annotated[dict[str, Any], Shown(CheckpointOut)]
ConsistencyProof = Annotated[dict[str, Any], Shown(ConsistencyOut)]
Cosignature = Annotated[dict[str, Any], Shown(CosignatureOut)]
