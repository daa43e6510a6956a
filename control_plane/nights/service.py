"""Nights, as the register tells of them: it is their only place, so webhooks hear of each."""

from typing import Any

from sqlmodel import col, select

from bentos.contract import canonical
from bentos.contract.register import Action, Outcome
from control_plane import clock
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Permission, Principal

DONE = "done"
_BLANK: dict[str, Any] = {
    "synced_at": None,
    "resumed": 0,
    "models": [],
    "problems": [],
    "accepted": [],
    "let_go": [],
    "held": None,
}
"""Members that a report may lack."""
LOOKED_BACK = 60
"""So many nights back somebody looks for the last one that was good."""
Night = dict[str, Any]


def report(session: WriteSession, principal: Principal, night: Night) -> tuple[Night, bool]:
    """Record a night and say whether that is news; raises ContractError for a bad time."""
    principal.require(Permission.VERSIONS_REGISTER)
    times = ("started_at", "ended_at", "synced_at")
    night = night | {name: clock.parse(night[name], name) for name in times if night[name]}
    entity = f"night:{night['id']}"
    told = session.exec(_reports().where(col(EventRow.entity) == entity)).first()
    if told is not None and told.after == canonical.digest(night):
        return _night(told), False
    record(session, principal, Change(action=Action.NIGHT_REPORT, entity=entity, after=night))
    return night | {"reported_by": principal.actor.id}, True


def list_nights(session: ReadSession, page: Listing = EVERYTHING) -> list[Night]:
    """Reports, the newest first; a night that was reported again is there again."""
    query = select(EventRow).where(*_REPORTED)
    return [_night(row) for row in page.rows(session, query, col(EventRow.seq), newest_first=True)]


def newest(session: ReadSession) -> Night | None:
    """The last report."""
    row = session.exec(_reports()).first()
    return None if row is None else _night(row)


def last_good(session: ReadSession) -> Night | None:
    """The last night that came to its end, if it is not too long ago."""
    rows = session.exec(_reports().limit(LOOKED_BACK))
    return next((night for night in map(_night, rows) if night["outcome"] == DONE), None)


_REPORTED = (
    col(EventRow.action) == Action.NIGHT_REPORT.value,
    col(EventRow.outcome) == Outcome.ALLOWED.value,
)


def _reports() -> Any:
    return select(EventRow).where(*_REPORTED).order_by(col(EventRow.seq).desc())


def _night(row: EventRow) -> Night:
    told = {name: after for name, (_, after) in row.diff.items()}
    return _BLANK | told | {"reported_by": row.actor_id}
