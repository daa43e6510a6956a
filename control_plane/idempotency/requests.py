"""Where a keyed request meets the mechanism: as it comes, in its transaction, as it is answered."""

from collections.abc import AsyncIterator
from threading import Lock

from sqlalchemy import Connection, event
from sqlmodel import Session
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from control_plane.db import WriteSession
from control_plane.denials import route_template
from control_plane.errors import InFlightError
from control_plane.idempotency import service
from control_plane.idempotency.key import HEADER, Asked, ask, read_key
from control_plane.principal import Principal

BAD_FROM = 400


class InFlight:
    """Keyed requests this process is busy with."""

    def __init__(self) -> None:
        self._busy: set[tuple[str, ...]] = set()
        self._lock = Lock()

    def enter(self, request: tuple[str, ...]) -> None:
        """Raises InFlightError if the same holder's key is being served already."""
        with self._lock:
            if request in self._busy:
                raise InFlightError(
                    "a request with this Idempotency-Key is being carried out; "
                    "send it again in a second for its answer"
                )
            self._busy.add(request)

    def leave(self, request: tuple[str, ...]) -> None:
        """It was answered, one way or another."""
        with self._lock:
            self._busy.discard(request)


class KeyedWrite:
    """A keyed request's transaction: begins with a look for its answer, ends with keeping it."""

    def __init__(self, connection: HTTPConnection, session: WriteSession, asked: Asked) -> None:
        self._connection, self._session, self._asked = connection, session, asked
        # The first statement takes the write lock; this is the first thing done under it.
        event.listen(session, "after_begin", self._look)

    def _look(self, _session: Session, _transaction: object, connection: Connection) -> None:
        service.check(connection, self._id, self._asked)

    def keep(self, request: Request, response: Response) -> None:
        """Before the commit. What was refused changed nothing, and may be tried again."""
        if response.status_code < BAD_FROM:
            endpoint = f"{request.method} {route_template(request)}"
            service.keep(self._session, self._id, self._asked, endpoint, response)

    @property
    def _id(self) -> str:
        # Whoever is to write was let in by a guard, which left its name.
        principal = self._connection.state.principal
        assert isinstance(principal, Principal)
        return self._asked.id_for(principal.actor)


async def note_key(request: Request) -> AsyncIterator[None]:
    """A dependency of every endpoint: notes a write's key, and holds it while it is served.

    Raises MalformedError, InFlightError.
    """
    # Where nothing is kept, a key says nothing.
    takes_key = getattr(request.scope.get("route"), "takes_key", False)
    key = read_key(request.headers.getlist(HEADER)) if takes_key else None
    if key is None:
        yield
        return
    asked = ask(
        key,
        request.method,
        request.url.path,
        request.scope["query_string"],
        request.headers.get("if-match"),
        await request.body(),
    )
    in_flight: InFlight = request.app.state.parts.in_flight
    # Nobody has looked yet who this is: the same proof is the same holder.
    holder = (key, *(request.headers.get(name, "") for name in ("authorization", "cookie")))
    in_flight.enter(holder)
    request.state.asked = asked
    try:
        yield
    finally:
        in_flight.leave(holder)


def join_transaction(connection: HTTPConnection, session: WriteSession) -> None:
    """Have a write's transaction begin and end with its key, if it came with one."""
    asked = getattr(connection.state, "asked", None)
    if asked is not None:
        connection.state.keyed_write = KeyedWrite(connection, session, asked)


def keep_answer(request: Request, response: Response) -> None:
    """Once an answer is made, before what it tells is committed."""
    keyed_write = getattr(request.state, "keyed_write", None)
    if keyed_write is not None:
        keyed_write.keep(request, response)
