"""A register with a few hundred events, filled once and copied for each test that breaks it."""

import shutil

import pytest
from sqlalchemy import text

from bentos.contract.register import Action
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.migrations.upgrade import upgrade
from control_plane.principal import system

SIZE = 600
TABLES = ("register_event", "register_node", "register_checkpoint", "register_cosignature")


class Register:
    """A database with a register in it, and how its holder would tamper with it."""

    def __init__(self, path):
        self.database = Database(path)
        self.size = SIZE

    def append(self, count, prefix="more"):
        with self.database.write() as session:
            for number in range(count):
                record(session, system("test"), change(number, prefix))
        self.size += count

    def tamper(self, statement, **values):
        with self.database.writer.begin() as connection:
            for table in TABLES:
                for verb in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
            connection.execute(text(statement), values)

    def value(self, column, seq):
        with self.database.writer.begin() as connection:
            query = text(f"SELECT {column} FROM register_event WHERE seq = :seq")
            return connection.execute(query, {"seq": seq}).scalar_one()


def change(number, prefix="first"):
    return Change(
        action=Action.KILL_SET,
        entity=f"kill:{prefix}-{number}",
        before={"weight": number},
        after={"weight": number / 10, "name": "é"},
        entity_revision=number,
        reason="because",
        ticket="T-1",
        approvals=("leo", "mia"),
        on_behalf_of="ben",
    )


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("register") / "signalbox.db"
    upgrade(path)
    register = Register(path)
    register.size = 0
    register.append(SIZE, "first")
    with register.database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    register.database.dispose()
    return path


@pytest.fixture
def filled(filled_file, tmp_path):
    path = tmp_path / "signalbox.db"
    shutil.copy(filled_file, path)
    register = Register(path)
    yield register
    register.database.dispose()
