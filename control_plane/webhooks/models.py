"""Tables of webhooks: who is told of what, what is to be sent, and what became of it."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import JSON, Column, Field, SQLModel

from control_plane.db import WideInteger


class WebhookRow(SQLModel, table=True):
    """One subscription. ``events`` are types or patterns, ``url_revision`` counts its addresses.

    ``failing_since`` and ``failures``: since the last success. ``resume_at``: nothing is sent
    before. ``holder`` is the process that sends to it now, until ``held_until``.
    """

    __tablename__ = "webhook"

    id: str = Field(primary_key=True)
    name: str
    url: str
    url_revision: int = 1
    events: list[str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: str
    created_by: str
    disabled_at: str | None = None
    disabled_reason: str | None = None
    failing_since: str | None = None
    failures: int = 0
    last_success_at: str | None = None
    resume_at: str | None = None
    holder: str | None = None
    held_until: str | None = None


class WebhookSecretRow(SQLModel, table=True):
    """A secret, encrypted; good until ``expires_at``."""

    __tablename__ = "webhook_secret"

    id: str = Field(primary_key=True)
    webhook_id: str = Field(foreign_key="webhook.id", index=True)
    sealed: str
    created_at: str
    expires_at: str | None = None


class WebhookMessageRow(SQLModel, table=True):
    """What is sent, byte for byte, to everybody who subscribed; ``seq`` puts it in order."""

    __tablename__ = "webhook_message"

    id: str = Field(primary_key=True)
    seq: int = Field(sa_type=WideInteger)
    type: str
    at: str
    body: str


class WebhookDeliveryRow(SQLModel, table=True):
    """One message for one webhook. ``tries`` counts since it was (re)ordered, ``attempts`` all.

    ``note``: why it was given up.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "message_id"),
        Index("ix_webhook_delivery_due", "webhook_id", "state", "due_at"),
        Index("ix_webhook_delivery_state", "state", "id"),
    )

    id: str = Field(primary_key=True)
    webhook_id: str = Field(foreign_key="webhook.id")
    message_id: str = Field(foreign_key="webhook_message.id", index=True)
    state: str
    tries: int = 0
    attempts: int = 0
    due_at: str
    created_at: str
    finished_at: str | None = None
    note: str | None = None


class WebhookAttemptRow(SQLModel, table=True):
    """One request that was made for a delivery; the answer's body is never read nor kept."""

    __tablename__ = "webhook_attempt"

    delivery_id: str = Field(primary_key=True, foreign_key="webhook_delivery.id")
    number: int = Field(primary_key=True)
    at: str
    duration_ms: int
    status: int | None = None
    error: str | None = None


class WebhookCursorRow(SQLModel, table=True):
    """Up to where the register and its checkpoints have been turned into deliveries."""

    __tablename__ = "webhook_cursor"

    id: int = Field(primary_key=True)
    seq: int = Field(sa_type=WideInteger)
    origin: str
    size: int = Field(sa_type=WideInteger)
