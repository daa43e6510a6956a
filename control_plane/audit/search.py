"""Looking through the register, newest first, for people: a row that was tampered with is shown as
what it is, where ``queries.find`` stops at it."""

from control_plane.audit.event_row import EVENTS, StoredEvent, select_events, stored
from control_plane.audit.queries import Question, narrowed
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError

MOST = 200


def search(
    session: ReadSession, question: Question, *, before: int | None = None, limit: int = 50
) -> list[StoredEvent]:
    """The newest events that answer, at most ``limit``; only older ones than ``before``."""
    query = narrowed(session, select_events(), question)
    if before is not None:
        query = query.where(EVENTS.c.seq < before)
    newest = query.order_by(EVENTS.c.seq.desc()).limit(min(limit, MOST))
    return [stored(row) for row in session.connection().execute(newest)]


def get_event(session: ReadSession, seq: int) -> StoredEvent:
    """One event, or NotFoundError."""
    row = session.connection().execute(select_events().where(EVENTS.c.seq == seq)).first()
    if row is None:
        raise NotFoundError(f"no event {seq}")
    return stored(row)
