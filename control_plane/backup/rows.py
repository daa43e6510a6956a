"""Rows as JSON lines, exactly, whatever the engine.

Tables are reflected, not taken from the code's models: a backup before an upgrade is of the
old schema. A JSON column travels as its text (so that SQL's NULL and JSON's null stay two
things, and no number changes its digits), bytes as base64.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    cast,
    func,
    select,
)

VERSION_TABLE = "alembic_version"
BATCH = 1000


def tables_of(connection: Connection) -> list[Table]:
    """All tables but Alembic's, those first that others refer to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSION_TABLE]


def read_lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """Every row as a line, by primary key, in the transaction's snapshot."""
    names = [column.name for column in table.columns]
    query = select(*(_readable(column) for column in table.columns))
    streaming = connection.execution_options(stream_results=True, yield_per=BATCH)
    for row in streaming.execute(query.order_by(*table.primary_key.columns)):
        yield msgspec.json.encode(dict(zip(names, map(_plain, row), strict=True))) + b"\n"


def write_lines(connection: Connection, table: Table, lines: Iterable[bytes]) -> Iterator[int]:
    """Insert rows; yields how many, batch by batch."""
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(json.loads(line))
        if len(batch) == BATCH:
            yield _insert(connection, table, batch)
            batch = []
    if batch:
        yield _insert(connection, table, batch)


def settle_sequences(connection: Connection, table: Table) -> None:
    """PostgreSQL counts on from the highest number there is; SQLite does so by itself."""
    [*keys] = table.primary_key.columns
    if connection.dialect.name != "postgresql" or len(keys) != 1:
        return
    if isinstance(keys[0].type, Integer):
        highest = connection.scalar(select(func.max(keys[0]))) or 0
        sequence = func.pg_get_serial_sequence(f'"{table.name}"', keys[0].name)
        following = func.setval(sequence, highest + 1, False)
        connection.execute(select(following).where(sequence.is_not(None)))


def _readable(column: Column[Any]) -> Any:
    return cast(column, Text) if isinstance(column.type, JSON) else column


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _insert(connection: Connection, table: Table, batch: list[dict[str, Any]]) -> int:
    names = list(batch[0])
    if connection.dialect.name == "postgresql":
        statement = _from_json(connection, table, names)
        connection.exec_driver_sql(statement, (json.dumps(batch),))
    else:
        quoted = ", ".join(f'"{name}"' for name in names)
        places = ", ".join("?" * len(names))
        binary = {c.name for c in table.columns if isinstance(c.type, LargeBinary)}
        values = [tuple(_native(row[name], name in binary) for name in names) for row in batch]
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({quoted}) VALUES ({places})',  # noqa: S608 - reflected
            values,
        )
    return len(batch)


def _native(value: Any, is_binary: bool) -> Any:
    return base64.b64decode(value) if is_binary and value is not None else value


def _from_json(connection: Connection, table: Table, names: list[str]) -> str:
    """One statement a batch: a statement a row would take a round trip each."""
    taken, declared = [], []
    for name in names:
        kind = table.columns[name].type
        if isinstance(kind, JSON):
            taken.append(f'"{name}"::json')
            declared.append(f'"{name}" text')
        elif isinstance(kind, LargeBinary):
            taken.append(f"decode(\"{name}\", 'base64')")
            declared.append(f'"{name}" text')
        else:
            taken.append(f'"{name}"')
            declared.append(f'"{name}" {kind.compile(connection.dialect)}')
    quoted = ", ".join(f'"{name}"' for name in names)
    return (
        f'INSERT INTO "{table.name}" ({quoted}) SELECT {", ".join(taken)} '  # noqa: S608 - reflected
        f"FROM json_to_recordset(%s::json) AS given({', '.join(declared)})"
    )
