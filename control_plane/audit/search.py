"""Looking through the register, newest first: by actor, action, entity, outcome, time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_

from bentos.contract.register import Outcome
from control_plane.audit.event_row import EVENTS, StoredEvent, select_events, stored
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError

MOST = 200


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for; what is empty or None is not asked. Times as they are stored.

    ``entities``: any of these, exactly; ``prefixes``: or any that begins so. ``before``: only
    older events than this one.
    """

    actor: str = ""
    action: str = ""
    entities: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    outcome: Outcome | None = None
    since: str | None = None
    until: str | None = None
    before: int | None = None


def search(session: ReadSession, wanted: Search, limit: int = 50) -> list[StoredEvent]:
    """The newest events that fit, at most ``limit``."""
    query = select_events().where(*_conditions(wanted))
    newest = query.order_by(EVENTS.c.seq.desc()).limit(min(limit, MOST))
    return [stored(row) for row in session.connection().execute(newest)]


def get_event(session: ReadSession, seq: int) -> StoredEvent:
    """One event, or NotFoundError."""
    row = session.connection().execute(select_events().where(EVENTS.c.seq == seq)).first()
    if row is None:
        raise NotFoundError(f"no event {seq}")
    return stored(row)


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    columns: Any = EVENTS.c
    found: list[ColumnElement[bool]] = []
    if wanted.actor:
        found.append(columns.actor_id == wanted.actor)
    if wanted.action:
        found.append(columns.action == wanted.action)
    if wanted.outcome is not None:
        found.append(columns.outcome == wanted.outcome.value)
    if wanted.since:
        found.append(columns.at >= wanted.since)
    if wanted.until:
        found.append(columns.at <= wanted.until)
    if wanted.before is not None:
        found.append(columns.seq < wanted.before)
    if wanted.entities or wanted.prefixes:
        begins = (columns.entity.startswith(each, autoescape=True) for each in wanted.prefixes)
        found.append(or_(columns.entity.in_(wanted.entities), *begins))
    return found
