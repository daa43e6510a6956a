"""PostgreSQL: one writer at a time over all replicas, reads of one snapshot.

A write transaction begins by taking one advisory lock and runs READ COMMITTED: whoever
holds the lock sees everything committed before and nobody commits beside it, so what a
rule has read is still true when its change commits. (REPEATABLE READ would fix its
snapshot before the lock was granted.) Reads run REPEATABLE READ, READ ONLY.
"""

import threading
from collections.abc import Callable, Sequence

import pg8000
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from bentos.contract.errors import ContractError
from control_plane.errors import UnavailableError
from control_plane.storage.address import PostgresqlAddress
from control_plane.storage.link import Link, open_link
from control_plane.storage.listener import CHANNEL, Listener

WRITE_LOCK = int.from_bytes(b"signalbx", "big") & (2**63 - 1)
"""Key of the advisory lock; such keys are each database's own."""
READERS = 8
POOL_TIMEOUT_S = 10
LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 60_000
WRITER_IDLE_MS = 15_000
"""A replica that hangs while it holds the lock loses it after this."""
READER_IDLE_MS = 300_000
"""An export waits between two batches for whoever downloads it."""
ANSWER_TIMEOUT_S = 75.0
MAINTENANCE_LOCK_TIMEOUT_MS = 60_000
OLDEST_SERVER = 140_000
# Dead machines must not hold the lock for the two hours TCP takes by default.
_SERVER_KEEPALIVE = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; "
)
# A server set to forget what it acknowledged is set right; stronger settings stay.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'; "
)
_ANNOUNCE = text(
    f"SELECT pg_notify('{CHANNEL}', '') WHERE pg_current_xact_id_if_assigned() IS NOT NULL"
)


_OLDER_SNAPSHOTS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND age(backend_xmin) > age(%s::xid)"
)
_SAMPLED = (
    "SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " JOIN pg_stats s ON s.schemaname = c.relnamespace::regnamespace::text"
    " AND s.tablename = c.relname AND s.attname = a.attname WHERE c.oid = %s::regclass"
)


class Postgresql:
    """The engines over one database. ``maintenance`` bounds no statement."""

    def __init__(self, address: PostgresqlAddress, *, maintenance: bool) -> None:
        self._address = address
        self._maintenance = maintenance
        write = (
            "SET default_transaction_isolation = 'read committed'; "
            + _DURABLE
            + self._idle(WRITER_IDLE_MS)
        )
        read = (
            "SET default_transaction_isolation = 'repeatable read'; "
            "SET default_transaction_read_only = on; " + self._idle(READER_IDLE_MS)
        )
        self.writer = self._engine(write, pool_size=1)
        self.reader = self._engine(read, pool_size=READERS)
        self._watch = self._engine("", pool_size=1, autocommit=True)
        self._listener: Listener | None = None
        self._seen, self._changes = "", 0
        self._counting = threading.Lock()

        @event.listens_for(self.writer, "begin")
        def _take_lock(connection: Connection) -> None:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")

        try:
            self._check_server()
        except BaseException:
            self.dispose()
            raise

    def data_version(self) -> int:
        """Counts the changes of what a snapshot taken now would see.

        The set of finished transactions grows with every commit, so its text is another one
        after each. Other databases of the same server make it change, too: that costs a
        look, it never hides a commit.
        """
        with self._counting:
            with self._watch.connect() as connection:
                seen = connection.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one()
            if seen != self._seen:
                self._seen, self._changes = seen, self._changes + 1
            return self._changes

    def announce(self, session: Session) -> None:
        """Tell all replicas; the server delivers it when the transaction has committed."""
        session.connection().execute(_ANNOUNCE)

    def listen(self, heard: Callable[[], None]) -> None:
        """Call ``heard``, in a thread, once anybody has committed, and after a lost link."""
        self._listener = Listener(self._address, heard)
        self._listener.start()

    def unresolved(self, _connection: Connection) -> list[str]:
        """None: the server looks at each statement, in maintenance too."""
        return []

    def rewrite(self, tables: Sequence[str]) -> bool:
        """VACUUM FULL writes a table and its indexes into new files and removes the old ones.

        Rows that somebody's snapshot still sees are copied too, so nobody's may be older than this
        call, nor older than the planner's new statistics: these hold samples of a column's values.
        """
        with self._watch.connect() as connection:
            if _is_read(connection):
                return False
            for table in tables:
                connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")
                _forget_samples(connection, table)
            if _is_read(connection):
                return False
            connection.exec_driver_sql("VACUUM (FULL) pg_catalog.pg_statistic")
        return True

    def is_away(self, error: BaseException | None) -> bool:
        """Whether an error says that the server cannot be used at present."""
        return isinstance(error, pg8000.InterfaceError | pg8000.OperationalError)

    def dispose(self) -> None:
        """Close all connections."""
        if self._listener is not None:
            self._listener.stop()
        for engine in (self.writer, self.reader, self._watch):
            engine.dispose()

    def _engine(self, settings: str, pool_size: int, *, autocommit: bool = False) -> Engine:
        timeout = None if self._maintenance else ANSWER_TIMEOUT_S
        settings = _SERVER_KEEPALIVE * (self._address.socket_path is None) + self._bounds + settings

        name = "signalbox-maintenance" if self._maintenance else "signalbox"

        def connect() -> Link:
            link, watched = open_link(
                self._address, timeout, settings, autocommit=autocommit, application=name
            )
            watched.close()
            return link

        return create_engine(
            "postgresql+pg8000://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            # A server that was restarted costs nobody a failed request.
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @property
    def _bounds(self) -> str:
        lock = MAINTENANCE_LOCK_TIMEOUT_MS if self._maintenance else LOCK_TIMEOUT_MS
        statement = 0 if self._maintenance else STATEMENT_TIMEOUT_MS
        return f"SET lock_timeout = {lock}; SET statement_timeout = {statement}; "

    def _idle(self, timeout_ms: int) -> str:
        """How long a transaction may ask nothing before the server ends it."""
        timeout_ms = 0 if self._maintenance else timeout_ms
        return f"SET idle_in_transaction_session_timeout = {timeout_ms}; "

    def _check_server(self) -> None:
        """Raises ContractError if it cannot hold our tables, UnavailableError if it is away."""
        try:
            with self._watch.connect() as connection:
                version, encoding = connection.exec_driver_sql(
                    "SELECT current_setting('server_version_num')::int, "
                    "current_setting('server_encoding')"
                ).one()
        except DBAPIError as error:
            raise UnavailableError(f"{self._address}: {error.orig}") from error
        if version < OLDEST_SERVER:
            raise ContractError(
                "PostgreSQL", f"version {OLDEST_SERVER // 10_000} or later", version // 10_000
            )
        if encoding != "UTF8":
            hint = (
                "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            )
            raise ContractError("PostgreSQL", "a database in UTF8", encoding, hint)


def _is_read(connection: Connection) -> bool:
    """Whether anybody has a snapshot from before now."""
    mark = connection.exec_driver_sql("SELECT pg_current_xact_id()::xid::text").scalar_one()
    return bool(connection.exec_driver_sql(_OLDER_SNAPSHOTS, (mark,)).scalar_one())


def _forget_samples(connection: Connection, table: str) -> None:
    """ANALYZE leaves the samples of a table that is empty now as they were. A column that gets a
    type, be it the one it has, loses its own."""
    if connection.exec_driver_sql(f"SELECT EXISTS (SELECT FROM {table})").scalar_one():  # noqa: S608
        return
    for column, kind in connection.exec_driver_sql(_SAMPLED, (table,)).all():
        connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
