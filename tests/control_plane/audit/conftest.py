"""A register with a few hundred events, filled once and copied for each test that breaks it."""

import json

import pytest
from sqlalchemy import JSON, text

from bentos.contract.register import Action
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.principal import system
from tests.databases import allow_changes

SIZE = 600
TABLES = ("register_event", "register_node", "register_checkpoint", "register_cosignature")


class Register:
    """A database with a register in it, and how its holder would tamper with it."""

    def __init__(self, address):
        self.database = Database(address)
        self.size = SIZE

    def append(self, count, prefix="more"):
        with self.database.write() as session:
            for number in range(count):
                record(session, system("test"), change(number, prefix))
        self.size += count

    def tamper(self, statement, **values):
        with self.database.writer.begin() as connection:
            for table in TABLES:
                allow_changes(connection, table)
            connection.execute(text(statement), values)

    @property
    def on_postgresql(self):
        return self.database.writer.dialect.name == "postgresql"

    def as_type(self, column, value):
        """PostgreSQL's JSON columns take no text, and only what is JSON."""
        is_json = isinstance(EventRow.__table__.c[column].type, JSON)
        return f"CAST({value} AS JSON)" if is_json and self.on_postgresql else value

    def takes(self, column, value):
        if self.as_type(column, "") == "":
            return True
        try:
            return json.loads(value) is not None
        except ValueError:
            return False

    def value(self, column, seq):
        with self.database.writer.begin() as connection:
            if self.as_type(column, "") != "":
                column = f"CAST({column} AS TEXT)"
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
def filled_once(databases):
    address = databases.migrated()
    register = Register(address)
    register.size = 0
    register.append(SIZE, "first")
    register.database.dispose()
    return address


@pytest.fixture
def filled(filled_once, databases):
    register = Register(databases.copy(filled_once))
    yield register
    register.database.dispose()
