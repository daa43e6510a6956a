"""Tables of the register: events, the head of their tree, decision segments."""

from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel


class EventRow(SQLModel, table=True):
    """One register event, all columns, with its leaf and the tree head after it (hex)."""

    __tablename__ = "register_event"

    seq: int = Field(primary_key=True)
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
    entity_revision: int | None = None
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
    size: int
    root: str
    edge: list[str] = Field(sa_column=Column(JSON, nullable=False))


class SegmentRow(SQLModel, table=True):
    """A closed decision segment, as its gateway reported it."""

    __tablename__ = "segment"

    gateway: str = Field(primary_key=True)
    boot: str = Field(primary_key=True)
    first_seq: int = Field(primary_key=True)
    last_seq: int
    count: int
    root: str
    at: str
