"""Tables of persons and of keys, which belong to a person or to a service."""

from sqlmodel import JSON, Column, Field, SQLModel


class PersonRow(SQLModel, table=True):
    """Someone who may act. Disabled persons stay, because the register names them."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: str
    disabled_at: str | None = None


class KeyRow(SQLModel, table=True):
    """An API key: the SHA-256 hex of its secret, never the secret."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    digest: str
    person: str | None = Field(default=None, foreign_key="person.id", index=True)
    service: str | None = Field(default=None, index=True)
    created_at: str
    created_by: str
    expires_at: str | None = None
    revoked_at: str | None = None
    last_used_at: str | None = None
