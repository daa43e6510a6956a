"""Tables of models, versions, what was ever promoted, and declared attributes."""

from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel

from control_plane.db import WideInteger


class ModelRow(SQLModel, table=True):
    """A model. ``signature`` is what callers see; null until a version passed its gates."""

    __tablename__ = "model"

    name: str = Field(primary_key=True)
    signature: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    visibility: str
    created_at: str


class VersionRow(SQLModel, table=True):
    """One immutable version with its whole manifest."""

    __tablename__ = "version"

    version: str = Field(primary_key=True)
    model: str = Field(foreign_key="model.name", index=True)
    state: str
    rejection: str | None = None
    manifest: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    manifest_digest: str
    bento_digest: str
    signature_digest: str
    features_digest: str
    registered_at: str
    registered_by: str
    retired_at: str | None = None
    retired_reason: str | None = None


class PromotionRow(SQLModel, table=True):
    """A version became a model's stable one. ``undone_at``: it was rolled back."""

    __tablename__ = "promotion"

    seq: int | None = Field(default=None, primary_key=True, sa_type=WideInteger)
    model: str = Field(foreign_key="model.name", index=True)
    version: str = Field(foreign_key="version.version")
    release: str
    at: str
    undone_at: str | None = None


class AttributeRow(SQLModel, table=True):
    """A declared targeting attribute and its type."""

    __tablename__ = "attribute"

    name: str = Field(primary_key=True)
    type: str
    declared_at: str
