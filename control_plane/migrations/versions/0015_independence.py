"""An installation says for how long one person's hand on another counts in approvals."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    days = sa.Column("independence_days", sa.Integer(), nullable=False, server_default="7")
    op.add_column("installation", days)


def downgrade() -> None:
    op.drop_column("installation", "independence_days")
