"""Table of callers: who may call the gateway."""

from sqlmodel import JSON, Column, Field, SQLModel


class CallerRow(SQLModel, table=True):
    """One caller's key, as the gateway will know it. ``rate``: requests per second.

    ``origins`` are the web pages a publishable key is for, null for every other key.
    """

    __tablename__ = "caller"

    id: str = Field(primary_key=True)
    digest: str
    name: str
    shop: str
    models: list[str] = Field(sa_column=Column(JSON, nullable=False))
    scopes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    rate: int | None = None
    expires_at: str | None = None
    origins: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    created_at: str
    created_by: str
    revoked_at: str | None = None
