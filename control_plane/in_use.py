"""Who works on a database: maintenance that exchanges it must be alone.

A running control plane holds a shared lock on a file of its home and, on PostgreSQL, shows by
its connections. A lock dies with its process, so none is ever left behind.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from control_plane.db import Database
from control_plane.errors import ConflictError
from control_plane.storage.address import PostgresqlAddress

FILE = "in-use.lock"
_OTHERS = (
    "SELECT DISTINCT coalesce(host(client_addr), 'this machine') FROM pg_stat_activity "
    "WHERE application_name = 'signalbox' AND datname = current_database()"
)


@contextmanager
def holding(home: Path, *, alone: bool = False) -> Iterator[None]:
    """Keep the lock for a while. Raises ConflictError when that cannot be: it never waits."""
    folder = home / "control_plane"
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        what = "a control plane runs on" if alone else "maintenance is being done to"
        raise ConflictError(f"{what} the home {home}: stop it first") from error
    try:
        yield
    finally:
        os.close(handle)


def refuse_if_served(database: Database) -> None:
    """Raise ConflictError when replicas are connected to a PostgreSQL database."""
    if not isinstance(database.address, PostgresqlAddress):
        return
    with database.read() as session:
        hosts = session.connection().exec_driver_sql(_OTHERS).scalars().all()
    if hosts:
        places = ", ".join(sorted(hosts))
        raise ConflictError(f"control planes are connected to it, from {places}: stop them first")
