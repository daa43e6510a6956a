"""Brings a database to the newest schema; safe to repeat."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from control_plane.db import Database
from control_plane.storage.address import Address


def upgrade(address: Address) -> None:
    """Run every migration the database has not seen.

    One transaction under the write lock: of replicas that start together one migrates.
    """
    database = Database(address, patient=True)
    try:
        with database.writer.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        database.dispose()
