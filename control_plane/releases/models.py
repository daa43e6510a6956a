"""Tables of releases and their groups, of kills and their reviews, of freeze windows."""

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import JSON, Column, Field, SQLModel

# Of those, each model has one at most.
_OPEN = text("state NOT IN ('promoted', 'rolled_back', 'aborted')")
_IN_FORCE = text("cleared_at IS NULL")


class ReleaseRow(SQLModel, table=True):
    """One release. ``buckets``: of 10,000, to the candidate. ``step`` counts weight changes.

    ``revision`` counts every change, for ``expected_revision``. ``steps`` is the plan, as
    ``steps.pack_step`` packs it. ``step_since``: when the present step began, null before the
    canary. ``gate_opened_by``: who opened the gate of the present step.
    """

    __tablename__ = "release"
    __table_args__ = (
        Index(
            "ix_release_one_open_per_model",
            "model",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: str = Field(primary_key=True)
    model: str = Field(foreign_key="model.name", index=True)
    candidate: str = Field(foreign_key="version.version")
    stable: str | None = Field(default=None, foreign_key="version.version")
    kind: str
    shadow: bool
    steps: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    condition: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True))
    )
    state: str = Field(index=True)
    step: int = 0
    buckets: int = 0
    step_since: str | None = None
    gate_opened_by: str | None = None
    gate_opened_at: str | None = None
    revision: int = 1
    content_digest: str
    author: str
    reason: str
    ticket: str | None = None
    group_id: str | None = Field(default=None, foreign_key="release_group.id", index=True)
    starts_at: str | None = None
    created_at: str
    updated_at: str


class KillRow(SQLModel, table=True):
    """A model is forced onto a version until ``cleared_at``."""

    __tablename__ = "kill"
    __table_args__ = (
        Index(
            "ix_kill_one_per_model",
            "model",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
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


class KillReviewRow(SQLModel, table=True):
    """What a kill leaves to be answered, until ``due_at``, by somebody else than ``killed_by``."""

    __tablename__ = "kill_review"

    id: str = Field(primary_key=True)
    kill: str = Field(foreign_key="kill.id", unique=True)
    model: str = Field(foreign_key="model.name", index=True)
    killed_by: str
    on_behalf_of: str | None = None
    opened_at: str
    due_at: str = Field(index=True)
    outcome: str | None = None
    notes: str | None = None
    closed_at: str | None = None
    closed_by: str | None = None


class FreezeRow(SQLModel, table=True):
    """No release of these models (null: of any) goes forward from ``starts_at`` to ``ends_at``."""

    __tablename__ = "freeze"

    id: str = Field(primary_key=True)
    starts_at: str
    ends_at: str = Field(index=True)
    models: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    reason: str
    ticket: str | None = None
    created_at: str
    created_by: str
    ended_at: str | None = None
    ended_by: str | None = None


class FreezeExemptionRow(SQLModel, table=True):
    """A second person lets one content of one release go forward all the same."""

    __tablename__ = "freeze_exemption"

    id: str = Field(primary_key=True)
    freeze: str = Field(foreign_key="freeze.id", index=True)
    release: str = Field(foreign_key="release.id", index=True)
    content_digest: str
    person: str = Field(foreign_key="person.id")
    at: str
    reason: str


class ReleaseGroupRow(SQLModel, table=True):
    """Releases of several models that move together; its members name it (``group_id``)."""

    __tablename__ = "release_group"

    id: str = Field(primary_key=True)
    author: str
    reason: str
    ticket: str | None = None
    revision: int = 1
    created_at: str
    updated_at: str
    dissolved_at: str | None = None
