"""Brings a database to the newest schema; safe to repeat."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bentos.contract.errors import ContractError
from control_plane.db import Database
from control_plane.storage.address import Address

HEAD = "head"


@dataclass(frozen=True)
class Plan:
    """What an upgrade does. ``before``: None for a database without our tables."""

    before: str | None
    after: str
    steps: tuple[tuple[str, str], ...]
    """Revision and what it brings, in order."""


def upgrade(address: Address, to: str = HEAD) -> Plan:
    """Run every migration the database has not seen.

    One transaction under the write lock: of replicas that start together one migrates.
    Raises ContractError when a newer Signalbox was here before, UnavailableError when the
    database is away.
    """
    database = Database(address, maintenance=True)
    try:
        with database.bounded(), database.writer.begin() as connection:
            plan = migrate(connection, to)
            dangling = database.unresolved(connection) if plan.steps else []
            if dangling:
                # Undone with the transaction.
                raise ContractError("database", "no references to nowhere", dangling)
            return plan
    finally:
        database.dispose()


def migrate(connection: Connection, to: str = HEAD) -> Plan:
    """Run the migrations within the caller's transaction."""
    plan = _plan(connection, to)
    if plan.steps:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, plan.after)
    return plan


def plan_upgrade(address: Address) -> Plan:
    """What ``upgrade`` would do; changes nothing. Raises like it."""
    database = Database(address, maintenance=True)
    try:
        with database.read() as session:
            return _plan(session.connection(), HEAD)
    finally:
        database.dispose()


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """All there are, oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def newest() -> str:
    """The revision this code is written for."""
    return revisions()[-1]


def _plan(connection: Connection, to: str) -> Plan:
    known, before = revisions(), revision_of(connection)
    if before is not None and before not in known:
        raise ContractError(
            "database",
            f"revision {known[-1]} or an earlier one",
            before,
            "It was upgraded by a newer Signalbox: run that one, or restore a backup made "
            "before the upgrade. There is no way down.",
        )
    after = known[-1] if to == HEAD else to
    steps = _scripts().iterate_revisions(after, before or "base")
    ordered = [(script.revision, script.doc.splitlines()[0]) for script in steps]
    return Plan(before, after, tuple(reversed(ordered)))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
