"""Tables of the register: events, their tree, its checkpoints, decision segments."""

from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel

from control_plane.db import WideInteger


class EventRow(SQLModel, table=True):
    """One register event, all columns, with its leaf and the tree head after it (hex)."""

    __tablename__ = "register_event"

    seq: int = Field(primary_key=True, sa_type=WideInteger)
    id: str = Field(unique=True)
    at: str = Field(index=True)
    actor_type: str
    actor_id: str = Field(index=True)
    auth_method: str
    key_id: str | None = None
    on_behalf_of: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    action: str = Field(index=True)
    entity: str = Field(index=True)
    entity_revision: int | None = Field(default=None, sa_type=WideInteger)
    before: str | None = None
    after: str | None = None
    diff: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    reason: str | None = None
    ticket: str | None = None
    approvals: list[str] = Field(sa_column=Column(JSON, nullable=False))
    outcome: str
    schema_version: int
    leaf: str
    root: str


class HeadRow(SQLModel, table=True):
    """The register's size, root and right edge: a dropped tail disagrees with it."""

    __tablename__ = "register_head"

    id: int = Field(primary_key=True)
    size: int = Field(sa_type=WideInteger)
    root: str
    edge: list[str] = Field(sa_column=Column(JSON, nullable=False))


class NodeRow(SQLModel, table=True):
    """Root (hex) of a perfect subtree of 2**level leaves, the ``position``-th of its level.

    Every eighth level is kept, from 8 on; what lies between is computed from at most 256 of
    these, or of the events' leaves.
    """

    __tablename__ = "register_node"

    level: int = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=WideInteger)
    hash: str


class CheckpointRow(SQLModel, table=True):
    """A signed note over the first ``size`` events; ``note`` is its whole C2SP text."""

    __tablename__ = "register_checkpoint"

    origin: str = Field(primary_key=True)
    size: int = Field(primary_key=True, sa_type=WideInteger)
    root: str
    at: str
    note: str


class CosignatureRow(SQLModel, table=True):
    """A witness's signature line under a checkpoint; ``seen_at`` is the witness's own time (s)."""

    __tablename__ = "register_cosignature"

    origin: str = Field(primary_key=True)
    size: int = Field(primary_key=True, sa_type=WideInteger)
    witness: str = Field(primary_key=True)
    seen_at: int = Field(sa_type=WideInteger)
    line: str


class SegmentRow(SQLModel, table=True):
    """A closed decision segment, as its gateway reported it."""

    __tablename__ = "segment"

    gateway: str = Field(primary_key=True)
    boot: str = Field(primary_key=True)
    first_seq: int = Field(primary_key=True, sa_type=WideInteger)
    last_seq: int = Field(sa_type=WideInteger)
    count: int = Field(sa_type=WideInteger)
    root: str
    at: str
