"""Tables of releases and kills."""

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import JSON, Column, Field, SQLModel


class ReleaseRow(SQLModel, table=True):
    """One release. ``buckets``: of 10,000, to the candidate. ``step`` counts weight changes.

    ``revision`` counts every change, for ``expected_revision``. ``steps`` is the plan, in buckets.
    """

    __tablename__ = "release"
    __table_args__ = (
        Index(
            "ix_release_one_open_per_model",
            "model",
            unique=True,
            sqlite_where=text("state NOT IN ('promoted', 'rolled_back', 'aborted')"),
        ),
    )

    id: str = Field(primary_key=True)
    model: str = Field(foreign_key="model.name", index=True)
    candidate: str = Field(foreign_key="version.version")
    stable: str | None = Field(default=None, foreign_key="version.version")
    kind: str
    shadow: bool
    steps: list[int] = Field(sa_column=Column(JSON, nullable=False))
    condition: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    state: str = Field(index=True)
    step: int = 0
    buckets: int = 0
    revision: int = 1
    content_digest: str
    author: str
    reason: str
    ticket: str | None = None
    starts_at: str | None = None
    created_at: str
    updated_at: str


class KillRow(SQLModel, table=True):
    """A model is forced onto a version until ``cleared_at``."""

    __tablename__ = "kill"
    __table_args__ = (
        Index(
            "ix_kill_one_per_model", "model", unique=True, sqlite_where=text("cleared_at IS NULL")
        ),
    )

    id: str = Field(primary_key=True)
    model: str = Field(foreign_key="model.name", index=True)
    version: str = Field(foreign_key="version.version")
    reason: str
    set_at: str
    set_by: str
    expires_at: str | None = None
    cleared_at: str | None = None
    cleared_by: str | None = None
