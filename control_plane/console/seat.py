"""One open page and the person before it: every read and every write of the console.

The session is asked anew each time, so a person who was shut out, or lost a role, can do
nothing more from the moment that was committed.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from bentos.contract.register import Action
from control_plane.auth import by_session
from control_plane.console.door import Visitor, principal_of
from control_plane.db import ReadSession, WriteSession
from control_plane.denials import record_denied
from control_plane.errors import ControlPlaneError, ForbiddenError
from control_plane.parts import Parts
from control_plane.principal import Permission, Principal

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What somebody is about to do: whom the register would name, were it denied.

    ``permission`` is what the API asks for the same thing; None where the service asks itself.
    """

    action: Action | None
    entity: str
    permission: Permission | None = None


class Seat:
    """Where a visitor sits. Held by one open page."""

    def __init__(self, parts: Parts, visitor: Visitor) -> None:
        self.parts = parts
        self.visitor = visitor
        self._last: Principal | None = None

    async def come(self) -> Principal:
        """Somebody acted: their session lives on. Raises UnauthorizedError once it is over."""
        return await asyncio.to_thread(self._come)

    async def read(self, load: Callable[[ReadSession, Principal], T]) -> T:
        """Ask the services; raises UnauthorizedError once the session is over."""
        return await asyncio.to_thread(self._read, load)

    async def write(self, attempt: Attempt, change: Callable[[WriteSession, Principal], T]) -> T:
        """Change something in one transaction; a denial is recorded in one of its own."""
        return await asyncio.to_thread(self._write, attempt, change)

    async def call(self, attempt: Attempt, change: Callable[[Principal], T]) -> T:
        """Like ``write``, for a service that opens its transactions itself."""
        return await asyncio.to_thread(self._call, attempt, change)

    async def demand(self, attempt: Attempt) -> None:
        """Raise ForbiddenError, recorded, unless they may."""
        await self.call(attempt, lambda _: None)

    async def deny(self, attempt: Attempt, error: ControlPlaneError) -> None:
        """Record that something was refused."""
        await asyncio.to_thread(self._deny, attempt, error)

    def _come(self) -> Principal:
        self._last = by_session(self.parts, self.visitor.token, self.visitor.now())
        return self._last

    def _read(self, load: Callable[[ReadSession, Principal], T]) -> T:
        with self.parts.database.read() as session:
            return load(session, self._principal(session))

    def _write(self, attempt: Attempt, change: Callable[[WriteSession, Principal], T]) -> T:
        with self._recording(attempt), self.parts.writing() as session:
            principal = self._principal(session)
            _check(attempt, principal)
            return change(session, principal)

    def _call(self, attempt: Attempt, change: Callable[[Principal], T]) -> T:
        with self._recording(attempt):
            with self.parts.database.read() as session:
                principal = self._principal(session)
            _check(attempt, principal)
            return change(principal)

    @contextmanager
    def _recording(self, attempt: Attempt) -> Iterator[None]:
        try:
            yield
        except ControlPlaneError as error:
            if error.recorded:
                self._deny(attempt, error)
            raise

    def _deny(self, attempt: Attempt, error: ControlPlaneError) -> None:
        # Who was signed in a moment ago is still known by name, if no longer let in.
        who = self._last or self.visitor.stranger()
        if self._last is None and not self.parts.strangers.is_first((who.ip, attempt.entity)):
            return
        record_denied(self.parts.database, who, attempt.action, attempt.entity, error)

    def _principal(self, session: ReadSession) -> Principal:
        self._last = principal_of(session, self.visitor)
        return self._last


def _check(attempt: Attempt, principal: Principal) -> None:
    if attempt.permission is not None and attempt.permission not in principal.permissions:
        raise ForbiddenError(f"this takes the permission {attempt.permission.value}")
