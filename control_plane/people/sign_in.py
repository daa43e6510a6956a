"""Person and password in, a session out; and how a password is set.

Digests take a tenth of a second, so they are computed outside any transaction: what was read
before is looked at again when the session is written. An unknown or disabled person costs
exactly the same work as a known one and gets the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.errors import (
    BusyError,
    ConflictError,
    ControlPlaneError,
    ForbiddenError,
    PolicyError,
    UnauthorizedError,
)
from control_plane.people import attempts, passwords, sessions
from control_plane.people.attempts import Counted
from control_plane.people.models import PasswordRow, PersonRow
from control_plane.people.service import get_person
from control_plane.people.sessions import Lifetime, SignedIn
from control_plane.principal import Principal, Source

BAD_SIGN_IN = "person or password is wrong, or the one-time password is over"
METHOD = "password"
ONE_TIME_S = 24 * 3600.0
"""How long a one-time password is taken, in seconds."""
MAX_PASSWORD = 1000
"""Characters that are hashed at all; no password is as long."""


@dataclass(frozen=True)
class OneTimePassword:
    """In clear, shown once. Its repr keeps it to itself."""

    text: str
    expires_at: str

    def __repr__(self) -> str:
        return f"OneTimePassword(expires_at={self.expires_at})"


def sign_in(
    database: Database,
    person_id: str,
    password: str,
    lifetime: Lifetime,
    source: Source,
    device: str | None = None,
) -> SignedIn:
    """Open a session for whoever knows the password.

    ``device`` is the token of a browser that may have been used before. Raises
    UnauthorizedError, ThrottledError after too many failures, BusyError.
    """
    with database.read() as session:
        counted = attempts.counted_by(session, person_id, source.ip, device)
        digest = _usable_digest(session, person_id)
    _check_password(database, counted, digest, password, UnauthorizedError(BAD_SIGN_IN))
    assert digest is not None
    renewed = passwords.digest_of(password) if passwords.is_outdated(digest) else digest
    with database.write() as session:
        person, row = session.get(PersonRow, person_id), session.get(PasswordRow, person_id)
        if person is None or row is None or _usable_digest(session, person_id) != digest:
            raise UnauthorizedError(BAD_SIGN_IN)
        row.digest = renewed
        session.add(row)
        attempts.take_back(session, counted, good=True)
        new_device = attempts.remember_device(session, person_id, device)
        signed_in = sessions.begin(session, person, METHOD, lifetime, source)
        return replace(signed_in, device=new_device)


def change_password(
    database: Database,
    principal: Principal,
    current: str,
    new: str,
    lifetime: Lifetime,
) -> SignedIn:
    """Replace one's own password: all sessions end, and a new one begins.

    Raises ForbiddenError for a wrong present password, ContractError for a bad new one.
    """
    person_id = principal.person
    if person_id is None:
        raise ForbiddenError("only a person has a password")
    passwords.check_password(new, person_id, "new_password")
    with database.read() as session:
        digest = _usable_digest(session, person_id)
    counted = attempts.of_present_password(person_id)
    wrong = ForbiddenError("current_password: it is not your password")
    _check_password(database, counted, digest, current, wrong)
    assert digest is not None
    if passwords.is_same(current, new):
        raise ConflictError("new_password: it is the present one")
    renewed = passwords.digest_of(new)
    with database.write() as session:
        person, row = session.get(PersonRow, person_id), session.get(PasswordRow, person_id)
        if person is None or row is None or row.digest != digest:
            raise ConflictError("the password was changed meanwhile")
        row.digest, row.set_at, row.set_by = renewed, clock.now(), person_id
        row.one_time, row.expires_at = False, None
        session.add(row)
        attempts.take_back(session, counted, good=True)
        change = Change(action=Action.PASSWORD_CHANGE, entity=f"person:{person_id}")
        record(session, principal, change)
        sessions.sign_out_everywhere(session, principal, person_id, "the password was changed")
        source = Source(
            ip=principal.ip, user_agent=principal.user_agent, request_id=principal.request_id
        )
        return sessions.begin(session, person, METHOD, lifetime, source)


def reset_password(
    session: WriteSession,
    principal: Principal,
    person_id: str,
    fresh: tuple[OneTimePassword, str],
) -> OneTimePassword:
    """Give a person a one-time password, to be changed at first sign-in; their sessions end.

    ``fresh``: of ``new_one_time``, made before the transaction.
    Nobody resets their own from a session: it would replace knowing the present one.
    """
    if principal.person == person_id and principal.actor.auth_method == "session":
        raise PolicyError("nobody resets their own password: change it with the present one")
    password, digest = fresh
    store_one_time(session, principal, get_person(session, person_id), password, digest)
    return password


def new_one_time() -> tuple[OneTimePassword, str]:
    """A one-time password and its digest, computed before the transaction that stores it."""
    text = passwords.new_one_time_password()
    return OneTimePassword(text, clock.later(ONE_TIME_S)), passwords.digest_of(text)


def store_one_time(
    session: WriteSession,
    principal: Principal,
    person: PersonRow,
    password: OneTimePassword,
    digest: str,
) -> None:
    """Make it the person's password; raises PolicyError for a disabled person."""
    if person.disabled_at is not None:
        raise PolicyError(f"person {person.id} is disabled")
    row = session.get(PasswordRow, person.id)
    if row is None:
        row = PasswordRow(person=person.id, digest="", set_at="", set_by="", one_time=True)
    row.digest, row.set_at, row.set_by = digest, clock.now(), principal.actor.id
    row.one_time, row.expires_at = True, password.expires_at
    session.add(row)
    session.flush()
    change = Change(
        action=Action.PASSWORD_RESET,
        entity=f"person:{person.id}",
        details={"one_time_until": password.expires_at},
    )
    record(session, principal, change)
    sessions.sign_out_everywhere(session, principal, person.id, "the password was reset")


def _check_password(
    database: Database,
    counted: Sequence[Counted],
    digest: str | None,
    password: str,
    wrong: ControlPlaneError,
) -> None:
    """Count the attempt, then look at the password; raises ``wrong`` unless it is right."""
    with database.read() as session:
        attempts.check(session, counted)
    with database.write() as session:
        attempts.enter(session, counted)
    try:
        good = passwords.verify(digest, password[:MAX_PASSWORD])
    except BusyError:
        with database.write() as session:
            attempts.take_back(session, counted, good=False)
        raise
    if not good:
        raise wrong


def _usable_digest(session: ReadSession, person_id: str) -> str | None:
    """The digest a sign-in is compared with; None for who cannot sign in at all."""
    person, row = session.get(PersonRow, person_id), session.get(PasswordRow, person_id)
    if person is None or person.disabled_at or row is None:
        return None
    over = row.expires_at is not None and row.expires_at <= clock.now()
    return None if over else row.digest
