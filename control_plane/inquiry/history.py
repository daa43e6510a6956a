"""Events of chosen subjects in order, as typed events: what every question walks over."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import or_

from bentos.contract.errors import ContractError
from bentos.contract.register import Outcome, RegisterEvent
from control_plane import clock
from control_plane.audit.event_row import EVENTS, select_events, stored
from control_plane.db import ReadSession
from control_plane.errors import ConflictError

BATCH = 1000


@dataclass(frozen=True)
class Period:
    """``since`` is included, ``until`` is not; None is open. RFC 3339 with an offset."""

    since: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        """Bring times into the form they are stored in; raises ContractError."""
        for name in ("since", "until"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, clock.parse(given, name))
        if self.since and self.until and self.since > self.until:
            raise ContractError("since", f"a time before {self.until}", self.since)

    def holds(self, moment: str) -> bool:
        """Whether a stored time lies in it."""
        return (self.since or "") <= moment and (self.until is None or moment < self.until)


def walk(session: ReadSession, *subjects: str, until: str | None = None) -> Iterator[RegisterEvent]:
    """What was done (denials left out) about these subjects, e.g. ``release:``, oldest first.

    ``until``: only what happened before that time. Raises ConflictError for a row that cannot
    be read: it was tampered with.
    """
    actions = EVENTS.c.action
    query = select_events().where(
        or_(*(actions.startswith(subject, autoescape=True) for subject in subjects)),
        EVENTS.c.outcome == Outcome.ALLOWED.value,
    )
    if until is not None:
        query = query.where(EVENTS.c.at < until)
    query, after = query.order_by(EVENTS.c.seq).limit(BATCH), 0
    while True:
        rows = session.connection().execute(query.where(EVENTS.c.seq > after)).all()
        for row in rows:
            event = stored(row)
            try:
                yield msgspec.convert(event.members, RegisterEvent)
            except msgspec.ValidationError as error:
                problem = f"event {event.seq} cannot be read; verify the register"
                raise ConflictError(problem) from error
            after = event.seq
        if len(rows) < BATCH:
            return
