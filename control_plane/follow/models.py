"""Table of what is, was or is to be followed."""

from typing import Any

from sqlalchemy import Index, text
from sqlmodel import JSON, Column, Field, SQLModel

_STANDING = text("ended_at IS NULL")


class FollowRow(SQLModel, table=True):
    """One upstream; ``standing`` is 1, so that at most one is not ended.

    ``accepted``: model → the last good feature, in our form. ``refused``: model → why what came
    later was not taken; "*" is the whole payload. ``upstream_date``: of the last one taken.
    """

    __tablename__ = "follow"
    __table_args__ = (
        Index(
            "ix_follow_one_standing",
            "standing",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
    )

    id: str = Field(primary_key=True)
    standing: int = 1
    url: str
    client_key: str
    decryption_key: str | None = None
    models: list[str] = Field(sa_column=Column(JSON, nullable=False))
    reason: str
    ticket: str | None = None
    proposed_by: str
    proposed_at: str
    approved_by: str | None = None
    approved_at: str | None = None
    ended_by: str | None = None
    ended_at: str | None = None
    revision: int = 1
    accepted: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    accepted_at: str | None = None
    upstream_date: str | None = None
    refused: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    late_since: str | None = None
