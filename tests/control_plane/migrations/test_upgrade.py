import contextlib
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Integer, LargeBinary, MetaData, inspect, select, text
from sqlalchemy.exc import DBAPIError

from bentos.contract.errors import ContractError
from control_plane.db import Database
from control_plane.migrations.tables import METADATA
from control_plane.migrations.upgrade import newest, plan_upgrade, revisions, upgrade

REVISIONS = revisions()


def test_upgrading_from_nothing_gives_the_tables_of_the_slices(any_databases):
    address = any_databases.empty()
    upgrade(address)
    upgrade(address)
    database = Database(address)
    with database.writer.connect() as connection:
        dialect = connection.dialect.name
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        found = {
            (index["name"], index["unique"])
            for table in METADATA.tables
            for index in inspect(connection).get_indexes(table)
            if index["dialect_options"].get(f"{dialect}_where") is not None
        }
    wanted = {
        (index.name, index.unique)
        for table in METADATA.tables.values()
        for index in table.indexes
        if index.dialect_options[dialect]["where"] is not None
    }
    assert found == wanted
    assert len(found) >= 2
    database.dispose()


def a_value(column, row, keys):
    """Something a column can hold; what it refers to is there."""
    for foreign in column.foreign_keys:
        return keys[foreign.column.table.name, foreign.column.name]
    if isinstance(column.type, JSON):
        return []
    if isinstance(column.type, LargeBinary):
        return b"\x00\xff"
    if isinstance(column.type, Boolean):
        return True
    # The head counts the one event there is.
    return row if isinstance(column.type, Integer) else "0a" * 32


def fill(database):
    """One row in every table there is, whatever the revision."""
    found, keys = MetaData(), {}
    with database.writer.begin() as connection:
        found.reflect(connection)
        for table in found.sorted_tables:
            if table.name == "alembic_version":
                continue
            row = {column.name: a_value(column, 1, keys) for column in table.columns}
            connection.execute(table.insert().values(row))
            keys |= {(table.name, name): value for name, value in row.items()}


def contents(database):
    """Table → its rows, in the columns of the moment."""
    found = MetaData()
    with database.writer.begin() as connection:
        found.reflect(connection)
        return {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in found.sorted_tables
            if table.name != "alembic_version"
        }


# On PostgreSQL, where each takes twice as long, the oldest and the newest ones at any time.
AT_ANY_TIME = {REVISIONS[0], *REVISIONS[-4:-1]}
EARLIER = [pytest.param("sqlite", revision) for revision in REVISIONS[:-1]] + [
    pytest.param("postgresql", revision, marks=() if revision in AT_ANY_TIME else pytest.mark.slow)
    for revision in REVISIONS[:-1]
]


@pytest.mark.parametrize(("any_databases", "revision"), EARLIER, indirect=["any_databases"])
def test_what_lies_in_an_earlier_revision_is_kept(any_databases, revision):
    address = any_databases.empty()
    assert upgrade(address, revision).after == revision
    database = Database(address)
    fill(database)
    before = contents(database)
    planned = plan_upgrade(address)
    assert (planned.before, planned.after) == (revision, newest())
    assert upgrade(address) == planned
    after = contents(database)
    for table, rows in before.items():
        for old, new in zip(rows, after[table], strict=True):
            assert old.items() <= new.items()
    assert plan_upgrade(address).steps == ()
    # A table that was replaced on the way has its triggers again.
    for change in ("UPDATE register_event SET reason = 'x'", "DELETE FROM register_event"):
        with pytest.raises(DBAPIError, match="append-only"), database.writer.begin() as connection:
            connection.execute(text(change))
    database.dispose()


def test_an_upgrade_that_leaves_references_to_nowhere_is_undone(tmp_path):
    path = tmp_path / "signalbox.db"
    upgrade(path, REVISIONS[0])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO promotion VALUES (1, 'none', 'none', 'r', 'x', NULL)")
    with pytest.raises(ContractError, match="promotion"):
        upgrade(path)
    assert plan_upgrade(path).before == REVISIONS[0]


def test_a_database_of_a_newer_release_is_refused(any_databases):
    address = any_databases.migrated()
    database = Database(address)
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    for attempt in (upgrade, plan_upgrade):
        with pytest.raises(ContractError, match="newer Signalbox"):
            attempt(address)
