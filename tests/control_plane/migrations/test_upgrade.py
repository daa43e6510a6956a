from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from control_plane.db import Database
from control_plane.migrations.tables import METADATA
from control_plane.migrations.upgrade import upgrade


def test_upgrading_from_nothing_gives_the_tables_of_the_slices(tmp_path):
    path = tmp_path / "signalbox.db"
    upgrade(path)
    upgrade(path)
    database = Database(path)
    with database.writer.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        partial = {
            index["name"]: index["dialect_options"]["sqlite_where"].text
            for table in ("release", "kill")
            for index in inspect(connection).get_indexes(table)
            if index["dialect_options"].get("sqlite_where") is not None
        }
    wanted = {
        index.name: index.dialect_options["sqlite"]["where"].text
        for table in METADATA.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert partial == wanted
    database.dispose()
