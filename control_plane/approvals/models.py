"""Tables of who shaped a release and who judged it."""

from sqlmodel import Field, SQLModel


class ContributorRow(SQLModel, table=True):
    """A person who wrote, edited or submitted a release, and so may not approve it."""

    __tablename__ = "contributor"

    release: str = Field(primary_key=True, foreign_key="release.id")
    person: str = Field(primary_key=True, foreign_key="person.id")
    at: str


class ApprovalRow(SQLModel, table=True):
    """A person's judgement on exactly one content. ``withdrawn_at``: edited or refused."""

    __tablename__ = "approval"

    id: str = Field(primary_key=True)
    release: str = Field(foreign_key="release.id", index=True)
    content_digest: str
    person: str = Field(foreign_key="person.id")
    key_id: str | None = None
    at: str
    reason: str
    withdrawn_at: str | None = None
