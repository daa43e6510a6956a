"""Shopify's law requests and how far each is; an erasure may be of a whole shop."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    told = ("topic", "shop", "reason", "requested_at", "due_at", "opened_at", "opened_by")
    later = ("domain", "erasure", "warned", "exported_at", "closed_at", "closed_by")
    op.create_table(
        "redaction",
        sa.Column("id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in told),
        *(sa.Column(name, sa.String(), nullable=True) for name in later),
        sa.Column("closed_reason", sa.String(), nullable=True),
        sa.Column("data_request", WIDE, nullable=True),
        sa.Column("orders", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.JSON(), nullable=False)
            for name in ("subject_digests", "segments", "places", "versions")
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_redaction_closed_at", "redaction", ["closed_at"])
    with op.batch_alter_table("erasure") as batch:
        batch.add_column(sa.Column("shop", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("erasure") as batch:
        batch.drop_column("shop")
    op.drop_index("ix_redaction_closed_at", "redaction")
    op.drop_table("redaction")
