"""Signed-in browsers: from sign-in to sign-out, or until idle or too old.

A token is made anew at every sign-in and only its digest is kept. Permissions are read from
the person's roles at every request; a session ends when its person is disabled or their roles
or password change.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import col, select

from bentos.contract.register import Action, Actor, ActorType
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError, UnauthorizedError
from control_plane.paging import EVERYTHING, Listing
from control_plane.people.models import PasswordRow, PersonRow, SessionRow
from control_plane.people.secret import Kind, Secret, new_secret, parse_secret
from control_plane.principal import Principal, Source, acting, permissions_of

TOUCH_EVERY_S = 60.0
PER_PERSON = 10
"""Live sessions of one person; the oldest ends when another begins."""
KEPT_S = 90 * 24 * 3600.0
"""Sessions that are over are forgotten after this; the register remembers them."""
MAX_USER_AGENT = 400
NO_SESSION = "the session is over or unknown: sign in again"


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """How long a session lasts, in seconds: without a request, and at most."""

    idle_s: int
    at_most_s: int


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A new session: the token in clear, once, and who holds it."""

    token: str
    principal: Principal
    session_id: str
    expires_at: str
    device: str | None = None
    """A token for the cookie by which the browser is known again; None: it has one."""


@dataclass(frozen=True, kw_only=True)
class LiveSession:
    """A session that is good now. ``stale``: its use is to be noted with ``touch``."""

    principal: Principal
    session_id: str
    expires_at: str
    stale: bool


def live_session(session: ReadSession, token: str, source: Source | None = None) -> LiveSession:
    """The session of a token; raises UnauthorizedError without saying what is wrong with it."""
    found = parse_secret(token, Kind.SESSION)
    row = session.get(SessionRow, found.id) if found else None
    if found is None or row is None or not found.matches(row.digest) or _is_over(row):
        raise UnauthorizedError(NO_SESSION, found.id if found else None)
    person = session.get(PersonRow, row.person)
    if person is None or person.disabled_at:
        raise UnauthorizedError(NO_SESSION, found.id)
    return LiveSession(
        principal=_principal(session, person, row, source or Source()),
        session_id=row.id,
        expires_at=row.expires_at,
        stale=row.idle_until < clock.later(row.idle_s - TOUCH_EVERY_S),
    )


def principal_of(session: ReadSession, token: str, source: Source | None = None) -> Principal:
    """Who holds this token, with what they may do now; raises UnauthorizedError."""
    return live_session(session, token, source).principal


def touch(session: WriteSession, session_id: str) -> None:
    """Somebody used it: it does not grow idle from here on."""
    row = session.get(SessionRow, session_id)
    if row is not None and not _is_over(row):
        row.idle_until = min(clock.later(row.idle_s), row.expires_at)
        session.add(row)


def begin(
    session: WriteSession,
    person: PersonRow,
    auth_method: str,
    lifetime: Lifetime,
    source: Source,
) -> SignedIn:
    """Open a session for somebody who has just proved to be this person."""
    _make_room(session, person.id)
    secret = new_secret(Kind.SESSION)
    row = _row(secret, person.id, auth_method, lifetime, source)
    session.add(row)
    session.flush()
    principal = _principal(session, person, row, source)
    change = Change(
        action=Action.SESSION_CREATE, entity=f"session:{row.id}", after=session_view(row)
    )
    record(session, principal, change)
    return SignedIn(
        token=secret.text, principal=principal, session_id=row.id, expires_at=row.expires_at
    )


def sign_out(session: WriteSession, principal: Principal, session_id: str) -> None:
    """End one session; ending it twice changes nothing."""
    row = session.get(SessionRow, session_id)
    if row is not None and not _is_over(row):
        _end(session, principal, row, "signed out")


def end_one(session: WriteSession, principal: Principal, person_id: str, session_id: str) -> None:
    """End one of a person's sessions; raises NotFoundError unless it is theirs and good."""
    row = session.get(SessionRow, session_id)
    if row is None or row.person != person_id or _is_over(row):
        raise NotFoundError(f"{person_id} has no open session {session_id}")
    _end(session, principal, row, "signed out")


def end_by_token(session: WriteSession, principal: Principal, token: str) -> None:
    """End the session of a token the browser still had, whosever it is; a bad one is nothing."""
    found = parse_secret(token, Kind.SESSION)
    row = session.get(SessionRow, found.id) if found else None
    if found is not None and row is not None and found.matches(row.digest) and not _is_over(row):
        _end(session, principal, row, "another sign-in in the same browser")


def sign_out_everywhere(
    session: WriteSession, principal: Principal, person_id: str, reason: str = "signed out"
) -> int:
    """End all sessions of a person; returns how many there were."""
    rows = live_sessions(session, person_id)
    for row in rows:
        _end(session, principal, row, reason)
    return len(rows)


def live_sessions(
    session: ReadSession, person_id: str, page: Listing = EVERYTHING
) -> list[SessionRow]:
    """A person's sessions that are good now, oldest first."""
    query = select(SessionRow).where(
        col(SessionRow.person) == person_id, col(SessionRow.ended_at).is_(None)
    )
    rows = session.exec(query.order_by(col(SessionRow.created_at), col(SessionRow.id)))
    live = (row for row in rows if not _is_over(row))
    return page.cut(live, lambda row: [row.created_at, row.id], (str, str))


def session_view(row: SessionRow) -> dict[str, Any]:
    """A session without its digest and its last use."""
    return row.model_dump(exclude={"digest", "idle_until", "idle_s"})


def _is_over(row: SessionRow) -> bool:
    now = clock.now()
    return row.ended_at is not None or row.idle_until <= now or row.expires_at <= now


def _principal(
    session: ReadSession, person: PersonRow, row: SessionRow, source: Source
) -> Principal:
    actor = Actor(type=ActorType.PERSON, id=person.id, auth_method="session", key_id=row.id)
    password = session.get(PasswordRow, person.id) if row.auth_method == "password" else None
    if password is not None and password.one_time:
        return replace(acting(actor, frozenset(), source), must_change_password=True)
    return acting(actor, permissions_of(person.roles), source)


def _row(
    secret: Secret, person: str, auth_method: str, lifetime: Lifetime, source: Source
) -> SessionRow:
    user_agent = source.user_agent[:MAX_USER_AGENT] if source.user_agent else None
    return SessionRow(
        id=secret.id,
        digest=secret.digest,
        person=person,
        auth_method=auth_method,
        created_at=clock.now(),
        idle_s=lifetime.idle_s,
        idle_until=clock.later(min(lifetime.idle_s, lifetime.at_most_s)),
        expires_at=clock.later(lifetime.at_most_s),
        ip=source.ip,
        user_agent=user_agent,
    )


def _make_room(session: WriteSession, person_id: str) -> None:
    """End the oldest beyond ``PER_PERSON`` and forget what ended long ago."""
    actor = Actor(type=ActorType.SYSTEM, id="sessions", auth_method="internal")
    live = live_sessions(session, person_id)
    for row in live[: max(0, len(live) - PER_PERSON + 1)]:
        _end(session, Principal(actor=actor), row, f"more than {PER_PERSON} sessions")
    old = select(SessionRow).where(
        col(SessionRow.person) == person_id, col(SessionRow.expires_at) < clock.later(-KEPT_S)
    )
    for row in session.exec(old):
        session.delete(row)


def _end(session: WriteSession, principal: Principal, row: SessionRow, reason: str) -> None:
    before = session_view(row)
    row.ended_at = clock.now()
    session.add(row)
    change = Change(
        action=Action.SESSION_END,
        entity=f"session:{row.id}",
        before=before,
        after=session_view(row),
        reason=reason,
    )
    record(session, principal, change)
