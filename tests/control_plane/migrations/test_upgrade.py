from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from control_plane.db import Database
from control_plane.migrations.tables import METADATA
from control_plane.migrations.upgrade import upgrade


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
