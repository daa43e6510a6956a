"""The database: one writer at a time, one snapshot per read, one commit per request.

SQLite by default, PostgreSQL by URL (``storage/``); both mean the same here. A database
that is busy or away becomes an ``UnavailableError``, after a bounded wait.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NewType, Protocol

from sqlalchemy import BigInteger, Connection, Engine, Integer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session

from bentos.contract.errors import ContractError
from control_plane.errors import UnavailableError
from control_plane.storage.address import SETTING, Address
from control_plane.storage.sqlite import Sqlite

WideInteger = BigInteger().with_variant(Integer(), "sqlite")
"""For numbers that may pass 2**31 (sequence numbers, counts); SQLite's integers are wide."""

REMEMBERED = "signalbox.remembered"
"""Where a read session keeps what it was answered; see ``snapshot``."""

ReadSession = NewType("ReadSession", Session)
"""May only select."""
WriteSession = NewType("WriteSession", ReadSession)
"""May change things; committed once, by whoever opened it."""


class Pool(NamedTuple):
    """Connections that may be open, and those somebody has."""

    in_use: int
    size: int


class Store(Protocol):
    """What differs between the two engines."""

    writer: Engine
    reader: Engine

    def data_version(self) -> int: ...  # noqa: D102 - Database says it
    def announce(self, session: Session) -> None: ...  # noqa: D102
    def listen(self, heard: Callable[[], None]) -> None: ...  # noqa: D102
    def unresolved(self, connection: Connection) -> list[str]: ...  # noqa: D102
    def rewrite(self, tables: Sequence[str]) -> bool: ...  # noqa: D102
    def is_away(self, error: BaseException | None) -> bool: ...  # noqa: D102
    def dispose(self) -> None: ...  # noqa: D102


class Database:
    """Hands out sessions; knows nothing of what is stored."""

    def __init__(self, address: Address, *, maintenance: bool = False) -> None:
        """For ``maintenance`` statements take as long as they take, and SQLite does not look at
        references, so that a table can be replaced: see ``unresolved``.

        Raises UnavailableError when the server is away, ContractError when it will not do.
        """
        self.address = address
        self._store = _open(address, maintenance)
        self.writer = self._store.writer

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """A session over one consistent snapshot."""
        with (
            self.bounded(),
            Session(
                self._store.reader,
                autoflush=False,
                expire_on_commit=False,
                info={REMEMBERED: {}},
            ) as session,
        ):
            yield ReadSession(session)

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        """A session whose changes are committed at the end, or all undone.

        The lock is taken by the first statement, not here, so that a request that waits
        for a thread does not hold it.
        """
        with (
            self.bounded(),
            Session(self.writer, expire_on_commit=False) as session,
        ):
            yield WriteSession(ReadSession(session))
            session.flush()
            if session.in_transaction():
                self._store.announce(session)
            session.commit()

    def data_version(self) -> int:
        """A number that changes whenever anybody, in any process, has committed."""
        with self.bounded():
            return self._store.data_version()

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, from a thread, soon after another replica has committed.

        At most an invitation to look: it may come too often, and once after a lost link.
        """
        self._store.listen(heard)

    def unresolved(self, connection: Connection) -> list[str]:
        """Tables with references to rows that do not exist; for the end of maintenance."""
        return self._store.unresolved(connection)

    def rewrite(self, tables: Sequence[str]) -> bool:
        """Write these tables anew, so that no page of the database holds a row that was deleted
        or changed. False: not yet, as somebody still reads old pages; to be called again.
        """
        with self.bounded():
            return self._store.rewrite(tables)

    def pools(self) -> dict[str, Pool]:
        """How busy the connections are."""
        engines = {"writer": self._store.writer, "reader": self._store.reader}
        pools = {name: engine.pool for name, engine in engines.items()}
        return {
            name: Pool(in_use=pool.checkedout(), size=pool.size())
            for name, pool in pools.items()
            if isinstance(pool, QueuePool)
        }

    def dispose(self) -> None:
        """Close all connections."""
        self._store.dispose()

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """What the database does not do in time, or at all, becomes an UnavailableError."""
        try:
            yield
        except PoolTimeoutError as error:
            raise UnavailableError("too many wait for the database") from error
        except DBAPIError as error:
            if not self._store.is_away(error.orig):
                raise
            raise UnavailableError(_told(error)) from error


def _open(address: Address, maintenance: bool) -> Store:
    if isinstance(address, Path):
        return Sqlite(address, maintenance=maintenance)
    try:
        # The driver is an extra of its own.
        from control_plane.storage.postgresql import Postgresql  # noqa: PLC0415
    except ModuleNotFoundError as error:
        hint = "pip install 'signalbox[postgresql]'"
        raise ContractError(SETTING, "an installed driver", error.name, hint) from error
    return Postgresql(address, maintenance=maintenance)


def _told(error: DBAPIError) -> str:
    """What the driver said; the statement and its values stay out of it."""
    return f"the database is busy or away: {error.orig}. Look before you repeat a change."
