"""The merchant's consents per purpose and use, and customers who are left out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    told = ("shop", "purpose", "use", "text_version", "text_digest", "given_by", "given_at")
    kept = ("document", "recorded_at", "recorded_by")
    ended = ("ended_at", "ended_by", "ended_reason", "replaced_by")
    op.create_table(
        "consent",
        sa.Column("id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in (*told, *kept)),
        *(sa.Column(name, sa.String(), nullable=True) for name in ended),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_consent_shop", "consent", ["shop", "purpose", "use"])
    op.create_table(
        "exclusion",
        sa.Column("shop", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("shop", "subject", "kind"),
    )


def downgrade() -> None:
    op.drop_table("exclusion")
    op.drop_table("consent")
