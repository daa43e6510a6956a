"""Tables of erasures, and of who works on the lake's files."""

from sqlmodel import JSON, Column, Field, SQLModel

from control_plane.db import WideInteger


class ErasureRow(SQLModel, table=True):
    """A person's data is to be gone. ``subject_digests``: never a pseudonym, never a key. With a
    ``shop`` and no digests: those of everybody there.

    It covers decisions made until ``requested_at``, whenever they arrive. ``done_at``: every file
    that was there has been through it.
    """

    __tablename__ = "erasure"

    id: str = Field(primary_key=True)
    subject_digests: list[str] = Field(sa_column=Column(JSON, nullable=False))
    requested_at: str
    requested_by: str
    reason: str
    ticket: str | None = None
    shop: str | None = None
    done_at: str | None = None
    decisions: int = Field(default=0, sa_type=WideInteger)


class LakeWorkRow(SQLModel, table=True):
    """The one who may rewrite files now, until when. ``swept``: the number of the newest event
    whose segment has been through all erasures."""

    __tablename__ = "lake_work"

    id: int = Field(primary_key=True)
    holder: str | None = None
    until: str | None = None
    swept: int = Field(default=0, sa_type=WideInteger)
