"""Publishable keys and Shopify apps."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("caller", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origins", sa.JSON(), nullable=True))
    op.create_table(
        "shopify_app",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("shop", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("proxy_models", sa.JSON(), nullable=False),
        sa.Column("checkout_models", sa.JSON(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("client_id"),
    )
