"""Steps that ask for more than a weight, freeze windows, reviews of kills, groups of releases."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "release_group",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("updated_at", sa.String(), nullable=False),
        sa.Column("dissolved_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        for name in ("step_since", "gate_opened_by", "gate_opened_at", "group_id"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_release_group_id"), ["group_id"], unique=False)
        batch_op.create_foreign_key("fk_release_group", "release_group", ["group_id"], ["id"])
    _create_freezes()
    _create_reviews()


def _create_freezes() -> None:
    op.create_table(
        "freeze",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("starts_at", sa.String(), nullable=False),
        sa.Column("ends_at", sa.String(), nullable=False),
        sa.Column("models", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("freeze", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_freeze_ends_at"), ["ends_at"], unique=False)
    op.create_table(
        "freeze_exemption",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("freeze", sa.String(), nullable=False),
        sa.Column("release", sa.String(), nullable=False),
        sa.Column("content_digest", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["freeze"], ["freeze.id"]),
        sa.ForeignKeyConstraint(["release"], ["release.id"]),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("freeze_exemption", schema=None) as batch_op:
        for name in ("freeze", "release"):
            batch_op.create_index(batch_op.f(f"ix_freeze_exemption_{name}"), [name], unique=False)


def _create_reviews() -> None:
    op.create_table(
        "kill_review",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kill", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("killed_by", sa.String(), nullable=False),
        sa.Column("on_behalf_of", sa.String(), nullable=True),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.Column("due_at", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("closed_at", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["kill"], ["kill.id"]),
        sa.ForeignKeyConstraint(["model"], ["model.name"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kill"),
    )
    with op.batch_alter_table("kill_review", schema=None) as batch_op:
        for name in ("model", "due_at"):
            batch_op.create_index(batch_op.f(f"ix_kill_review_{name}"), [name], unique=False)
