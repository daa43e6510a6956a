"""Starts approved releases at the time they were scheduled for."""

from sqlmodel import col, select

from control_plane import clock
from control_plane.db import WriteSession
from control_plane.principal import system
from control_plane.releases.interlock import not_forward
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.service import Order, apply


def start_due(session: WriteSession) -> None:
    """Start scheduled releases whose time has come; one that may not start is aborted."""
    query = select(ReleaseRow).where(
        col(ReleaseRow.state) == State.SCHEDULED.value, col(ReleaseRow.starts_at) <= clock.now()
    )
    principal = system("schedule")
    for row in list(session.exec(query)):
        reasons = not_forward(session, row)
        if reasons:
            order = Order(reason=f"could not start as scheduled: {'; '.join(reasons)}")
            apply(session, principal, row, Verb.ABORT, order)
        else:
            apply(session, principal, row, Verb.START, Order(reason="its scheduled time came"))
