"""Starts approved releases at the time they were scheduled for."""

from sqlmodel import col, select

from control_plane import clock
from control_plane.db import ReadSession, WriteSession
from control_plane.principal import system
from control_plane.releases.freezes import frozen_by
from control_plane.releases.interlock import not_forward
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.service import Order, apply


def start_due(session: WriteSession) -> None:
    """Start scheduled releases whose time has come; one that may not start is aborted."""
    principal = system("schedule")
    for row in due(session):
        reasons = not_forward(session, row)
        if reasons:
            order = Order(reason=f"could not start as scheduled: {'; '.join(reasons)}")
            apply(session, principal, row, Verb.ABORT, order)
        else:
            apply(session, principal, row, Verb.START, Order(reason="its scheduled time came"))


def due(session: ReadSession) -> list[ReleaseRow]:
    """Releases whose time has come. One in a freeze window waits until that is over."""
    query = select(ReleaseRow).where(
        col(ReleaseRow.state) == State.SCHEDULED.value, col(ReleaseRow.starts_at) <= clock.now()
    )
    return [row for row in session.exec(query) if frozen_by(session, row) is None]
