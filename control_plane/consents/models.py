"""Tables of consents and of customers who are left out."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class ConsentRow(SQLModel, table=True):
    """One consent of the merchant, for one purpose and one use.

    ``given_by``, ``given_at`` and ``document``: who gave it, when, and in which writing; in force
    until ``ended_at``. ``replaced_by`` is the consent that took its place; without one it was
    withdrawn.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_shop", "shop", "purpose", "use"),)

    id: str = Field(primary_key=True)
    shop: str
    purpose: str
    use: str
    text_version: str
    text_digest: str
    given_by: str
    given_at: str
    document: str
    recorded_at: str
    recorded_by: str
    ended_at: str | None = None
    ended_by: str | None = None
    ended_reason: str | None = None
    replaced_by: str | None = None


class ExclusionRow(SQLModel, table=True):
    """One customer, by pseudonym, and one kind of leaving out. ``key_id`` is the fingerprint of
    the key the pseudonym was made with, where it was made here."""

    __tablename__ = "exclusion"

    shop: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    key_id: str | None = None
    reason: str
    recorded_at: str
    recorded_by: str
