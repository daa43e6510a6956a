"""The register's tree: every eighth level, checkpoints, witnesses' cosignatures."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from bentos.contract.merkle import MerkleAccumulator

revision: str = "0003"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STRIDE = 8
BATCH = 5000
APPEND_ONLY = ("register_node", "register_checkpoint", "register_cosignature")


def upgrade() -> None:
    nodes = op.create_table(
        "register_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("position", WIDE, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position"),
    )
    op.create_table(
        "register_checkpoint",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", WIDE, nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "size"),
    )
    op.create_table(
        "register_cosignature",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", WIDE, nullable=False),
        sa.Column("witness", sa.String(), nullable=False),
        sa.Column("seen_at", WIDE, nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "size", "witness"),
    )
    for rows in _kept_nodes():
        op.bulk_insert(nodes, rows)
    for table in APPEND_ONLY:
        _refuse_changes(table)


def _kept_nodes() -> Iterator[list[dict[str, Any]]]:
    """Every eighth level over the leaves that are there, a batch at a time."""
    events = sa.table("register_event", sa.column("seq"), sa.column("leaf"))
    tree, connection, last = MerkleAccumulator(), op.get_bind(), 0
    while True:
        query = sa.select(events.c.seq, events.c.leaf).where(events.c.seq > last)
        found = connection.execute(query.order_by(events.c.seq).limit(BATCH)).all()
        rows = []
        for event in found:
            completed = tree.append(bytes.fromhex(event.leaf))
            rows += [
                {"level": level, "position": (tree.size >> level) - 1, "hash": root.hex()}
                for level, root in completed
                if level % STRIDE == 0
            ]
        yield rows
        if len(found) < BATCH:
            return
        last = found[-1].seq


def _refuse_changes(table: str) -> None:
    """As on the events: only adding is possible without dropping a trigger first."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the register is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION register_is_append_only() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RAISE EXCEPTION 'the register is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION register_is_append_only()"
    )
