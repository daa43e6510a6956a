"""The table of answers to writes that came with a key."""

from sqlmodel import JSON, Column, Field, SQLModel


class AnswerRow(SQLModel, table=True):
    """What was answered. ``id``: a digest of whose key it is and of the key; the key itself is
    not kept. ``body``: null when it was not to be kept, or too long. ``shown_once``: the answer
    held a secret; ``body`` is what remains without it.
    """

    __tablename__ = "idempotent_answer"

    id: str = Field(primary_key=True)
    fingerprint: str
    endpoint: str
    status: int
    headers: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    body: str | None = None
    shown_once: bool = False
    answered_at: str
    expires_at: str = Field(index=True)
