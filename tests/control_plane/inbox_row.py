"""A row of an inbox, as a test wants it."""

import sqlite3


def put(inbox: sqlite3.Connection, table: str, **values: object) -> None:
    """Write it; columns that are not named take their defaults."""
    marks = ", ".join("?" * len(values))
    inbox.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
    )
