"""Table of SDK keys."""

from sqlmodel import JSON, Column, Field, SQLModel


class SdkKeyRow(SQLModel, table=True):
    """A GrowthBook client key: which models it may see. ``kind``: public (themes) or server."""

    __tablename__ = "sdk_key"

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    name: str
    kind: str
    models: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: str
    created_by: str
    revoked_at: str | None = None
