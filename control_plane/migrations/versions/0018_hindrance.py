"""Why training could not end a law request stands beside it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("redaction", sa.Column("hindrance", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("redaction") as batch:
        batch.drop_column("hindrance")
