"""Tables of what was published, and of what fleets report."""

from typing import Any

from sqlalchemy import Index
from sqlmodel import JSON, Column, Field, SQLModel

from control_plane.db import WideInteger

INSTALLATION_ID = 1
INDEPENDENCE_DAYS = 7
"""As long as nothing else is set."""


class InstallationRow(SQLModel, table=True):
    """The one installation this database is of. Restoring a backup bumps ``epoch``."""

    __tablename__ = "installation"

    id: int = Field(primary_key=True)
    epoch: int = Field(sa_type=WideInteger)
    shop: str
    environment: str
    created_at: str
    independence_days: int = INDEPENDENCE_DAYS
    """So long whoever gave a person a role, a key or a password is not independent of them."""


class BodyRow(SQLModel, table=True):
    """A document's bytes, by their SHA-256 hex."""

    __tablename__ = "document_body"

    digest: str = Field(primary_key=True)
    body: bytes


class PublishedRow(SQLModel, table=True):
    """One published document; the highest revision of each name is in force."""

    __tablename__ = "published_document"
    __table_args__ = (Index("ix_published_document_newest", "name", "epoch", "number"),)

    epoch: int = Field(primary_key=True, sa_type=WideInteger)
    number: int = Field(primary_key=True, sa_type=WideInteger)
    name: str
    digest: str = Field(foreign_key="document_body.digest")
    at: str
    header: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class FleetRow(SQLModel, table=True):
    """A fleet's last report, whole."""

    __tablename__ = "fleet_report"

    fleet: str = Field(primary_key=True)
    versions: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    at: str
