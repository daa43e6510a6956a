"""The newest document of each name is found without reading the older ones."""

from collections.abc import Sequence

from alembic import op

revision: str = "0011"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEWEST = "ix_published_document_newest"
BY_NAME = "ix_published_document_name"


def upgrade() -> None:
    op.create_index(NEWEST, "published_document", ["name", "epoch", "number"])
    op.drop_index(BY_NAME, "published_document")


def downgrade() -> None:
    op.create_index(BY_NAME, "published_document", ["name"])
    op.drop_index(NEWEST, "published_document")
