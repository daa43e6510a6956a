"""The table of law requests."""

from typing import Any

from sqlmodel import JSON, Column, Field, SQLModel

from control_plane.db import WideInteger


class RedactionRow(SQLModel, table=True):
    """One request, for good: it names nobody. ``subject_digests``: SHA-256 of each pseudonym.

    ``places``: what is done with, each ``{"at", "removed": {place: rows}}``. ``erasure``: the
    order to erase decisions; ``segments``: what gateways here had not shipped when it was given.
    ``versions``: of models trained on the subject. ``warned``: the alarm that was raised last;
    ``hindrance``: why training could not end it.
    """

    __tablename__ = "redaction"

    id: str = Field(primary_key=True)
    topic: str
    shop: str
    domain: str | None = None
    reason: str
    requested_at: str
    due_at: str
    opened_at: str
    opened_by: str
    subject_digests: list[str] = Field(sa_column=Column(JSON, nullable=False))
    orders: int = 0
    data_request: int | None = Field(default=None, sa_type=WideInteger)
    erasure: str | None = None
    segments: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    places: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    versions: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False)
    )
    warned: str | None = None
    hindrance: str | None = None
    exported_at: str | None = None
    closed_at: str | None = Field(default=None, index=True)
    closed_by: str | None = None
    closed_reason: str | None = None
